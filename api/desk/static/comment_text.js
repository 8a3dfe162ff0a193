// A comment as it was written, with the doubtful passages marked and what cannot be seen made visible.

import { h } from "./dom.js";
import { label, t } from "./texts.js";

// Control, format and filler characters that hide or reorder text: shown by their number instead of acting.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/gu;

/** `passages` count in code points, as the API does: `{begin, end, labels}`; they may overlap. */
export function commentText(text, passages = []) {
  return h("div", { class: "comment-text", dir: "auto" }, pieces(text, passages).map(({ part, labels }) => (
    labels === null ? visible(part) : h("mark", { title: labels }, h("span", { class: "visually-hidden" }, t("mark_begin", { labels })), visible(part), h("span", { class: "visually-hidden" }, t("mark_end"))))));
}

/** The beginning of a text on one line, `most` code points long, so that no emoji is cut in half. */
export function excerpt(text, most) {
  const points = Array.from(text.replace(/\s+/g, " "));
  return visible(points.length > most ? `${points.slice(0, most).join("").trimEnd()}…` : points.join(""));
}

function pieces(text, passages) {
  const points = Array.from(text);
  const edges = [...new Set([0, points.length, ...passages.flatMap(({ begin, end }) => [begin, end])])]
    .filter((edge) => edge >= 0 && edge <= points.length).sort((a, b) => a - b);
  const found = [];
  for (let at = 0; at + 1 < edges.length; at += 1) {
    const covering = passages.filter(({ begin, end }) => begin <= edges[at] && edges[at + 1] <= end);
    const labels = covering.length === 0 ? null : [...new Set(covering.flatMap((passage) => passage.labels))].map(label).join(", ");
    const part = points.slice(edges[at], edges[at + 1]).join("");
    const last = found.at(-1);
    if (last && last.labels === labels) last.part += part;
    else found.push({ part, labels });
  }
  return found;
}

function visible(text) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(UNSEEN)) {
    parts.push(text.slice(from, match.index));
    const code = match[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    parts.push(h("span", { class: "unseen", title: t("unseen") }, `U+${code}`));
    from = match.index + match[0].length;
  }
  return [...parts, text.slice(from)];
}

/** Every passage that a rule or the model objects to. */
export function passagesOf(item) {
  const fromRules = item.verdicts.flatMap((verdict) => verdict.passages.map((passage) => (
    passage.labels.length > 0 ? passage : { ...passage, labels: [verdict.reason.code] })));
  return [...item.passages, ...fromRules];
}
