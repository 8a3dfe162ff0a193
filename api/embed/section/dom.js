// Building the page without ever giving a string to the browser's HTML parser: nothing here needs a Trusted Types
// policy, and a Content-Security-Policy has nothing to object to.

/** An element. Attributes that begin with "on" are listeners; false, null and undefined leave an attribute out. */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === false || value == null) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  put(element, ...children);
  return element;
}

/** Replace what is in an element. */
export function fill(element, ...children) {
  element.replaceChildren();
  put(element, ...children);
  return element;
}

function put(element, ...children) {
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
}

export function button(label, onclick, attributes) {
  return h("button", { type: "button", onclick, ...attributes }, label);
}

/** A small picture of one path on a 16 × 16 grid. What it means is said in words beside it. */
export function icon(path) {
  const namespace = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(namespace, "svg");
  picture.setAttribute("viewBox", "0 0 16 16");
  picture.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(namespace, "path");
  line.setAttribute("d", path);
  picture.append(line);
  return picture;
}

const ALLOWED = new Set(["p", "br", "em", "strong", "s", "blockquote", "a", "code", "pre", "ul", "ol", "li"]);
const TOKEN = /<(\/?)([a-z]+)((?:\s+[a-z]+="[^"]*")*)\s*\/?>|[^<]+|</g;
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: "\u00a0" };

/** The server's HTML of a comment as nodes. It comes cleaned; whatever is not on the list here is left out again. */
export function rich(markup) {
  const root = document.createDocumentFragment();
  const open = [root];
  for (const [token, closing, name, attributes] of markup.matchAll(TOKEN)) {
    if (!name) open.at(-1).append(decode(token));
    else if (!ALLOWED.has(name)) continue;
    else if (closing) close(open, name);
    else {
      const element = allowed(name, attributes);
      open.at(-1).append(element);
      if (name !== "br") open.push(element);
    }
  }
  return root;
}

function close(open, name) {
  const at = open.findLastIndex((element) => element.localName === name);
  if (at > 0) open.length = at;
}

function allowed(name, attributes) {
  const element = document.createElement(name);
  if (name === "pre") element.tabIndex = 0;
  const value = decode(/ (?:href|start)="([^"]*)"/.exec(attributes)?.[1] ?? "");
  if (name === "ol" && /^\d{1,9}$/.test(value)) element.start = Number(value);
  if (name === "a" && /^(https?|mailto):/i.test(value)) {
    element.href = value;
    element.rel = "nofollow ugc noopener noreferrer";
  }
  return element;
}

function decode(text) {
  return text.replace(/&(\w+);/g, (whole, name) => ENTITIES[name] ?? whole);
}
