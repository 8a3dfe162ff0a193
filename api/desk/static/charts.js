// Charts as inline SVG: named for people who cannot see them, with the same numbers in a table behind, fit to print.

import { h, svg } from "./dom.js";
import { number, t } from "./texts.js";

const WIDTH = 720;
const HEIGHT = 220;
const LEFT = 44;
const BOTTOM = 24;
const TOP = 10;

/** Stacked bars. `columns` are {name, values: {series: number}}; `series` are {name, text}. */
export function bars(title, columns, series) {
  const most = Math.max(1, ...columns.map(({ values }) => sum(series.map(({ name }) => values[name]))));
  const step = (WIDTH - LEFT) / columns.length;
  const y = (value) => (value / most) * (HEIGHT - BOTTOM - TOP);
  const every = Math.ceil(columns.length / 8);
  const shapes = columns.flatMap(({ values }, at) => {
    let base = HEIGHT - BOTTOM;
    return series.map(({ name }) => {
      const tall = y(values[name]);
      base -= tall;
      return tall === 0 ? null : svg("rect", { class: `fill-${name}`, x: LEFT + at * step + step * 0.12, y: base, width: step * 0.76, height: tall });
    });
  });
  const names = columns.map(({ name }, at) => (at % every === 0 ? svg("text", { x: LEFT + (at + 0.5) * step, y: HEIGHT - 6, "text-anchor": "middle" }, name) : null));
  return frame(title, [...scale(most, (value) => HEIGHT - BOTTOM - y(value)), ...shapes, ...names]);
}

/** Lines over a share from 0 to 1. `series` are {name, values}. `marks` are vertical lines {name, at}. */
export function lines(title, series, marks, most) {
  const x = (share) => LEFT + share * (WIDTH - LEFT - 10);
  const y = (value) => HEIGHT - BOTTOM - (value / Math.max(1, most)) * (HEIGHT - BOTTOM - TOP);
  const paths = series.map(({ name, values }) => svg("polyline", { class: `line-${name}`, points: values.map((value, at) => `${x(at / (values.length - 1))},${y(value)}`).join(" ") }));
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => svg("text", { x: x(share), y: HEIGHT - 6, "text-anchor": "middle" }, share.toLocaleString(document.documentElement.lang)));
  const upright = marks.map(({ name, at }) => svg("line", { class: `mark-${name}`, x1: x(at), x2: x(at), y1: TOP, y2: HEIGHT - BOTTOM }));
  return frame(title, [...scale(most, y), ...paths, ...upright, ...ticks]);
}

function scale(most, y) {
  return [0, most / 2, most].filter((value) => Number.isInteger(value) || value > 5).map(Math.round).flatMap((value) => [
    svg("line", { class: "grid", x1: LEFT, x2: WIDTH, y1: y(value), y2: y(value) }),
    svg("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, number(value))]);
}

// Wider than a phone rather than too small to read; whoever uses keys can scroll it.
const frame = (title, children) => h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": title }, svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title }, children));
const sum = (values) => values.reduce((total, value) => total + value, 0);

export const legend = (series, kind = "fill") => h("ul", { class: "legend" }, series.map(({ name, text }) => h("li", {}, svg("svg", { viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" }, svg("rect", { class: kind === "fill" ? `fill-${name}` : `key-${name}`, width: 12, height: 12, rx: 2 })), text)));

/** The numbers behind a chart. Closed on the screen, open on paper. */
export function table(caption, header, rows, { open = false } = {}) {
  return h("details", { class: "behind", open }, h("summary", {}, t("table")),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, h("table", {}, h("caption", { class: "visually-hidden" }, caption),
      h("thead", {}, h("tr", {}, header.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, rows.map(([first, ...others]) => h("tr", {}, h("th", { scope: "row" }, first), others.map((cell) => h("td", {}, cell))))))));
}
