// Building elements. There is no way from text to HTML in here, and the page's policy forbids any other.

const SVG = "http://www.w3.org/2000/svg";

/** An element. `on` maps events to listeners, `data` is the dataset, `true` sets an empty attribute, null leaves it out. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "data") Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function show(parent, ...children) {
  parent.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
}

export const $ = (id) => document.getElementById(id);

/** A name or other text by a stranger, kept from reordering what stands around it. */
export const stranger = (text, attributes = {}) => h("bdi", attributes, text);

export const key = (name) => h("kbd", { "aria-hidden": "true" }, name);
