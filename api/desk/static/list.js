// The list on the left: one line for each comment, with what tells them apart at a glance.

import { excerpt } from "./comment_text.js";
import { $, h, show, stranger } from "./dom.js";
import { isAppealed } from "./queue.js";
import { ago, count, label, percent, reason, t } from "./texts.js";

const EXCERPT = 140;

export function list(queue) {
  show($("list"), queue.items.map((item) => row(queue, item)));
  $("list").setAttribute("aria-busy", String(queue.isLoading));
  end(queue);
  selection(queue);
  keepInSight($("list").querySelector("[aria-current]"));
}

/** Scrolls the list alone. On a phone it stands below the comment and does not scroll: the page must stay where it is. */
function keepInSight(current) {
  if (current === null) return;
  const frame = $("list").getBoundingClientRect();
  const { top, bottom } = current.getBoundingClientRect();
  if (top < frame.top) $("list").scrollTop -= Math.ceil(frame.top - top);
  else if (bottom > frame.bottom) $("list").scrollTop += Math.ceil(bottom - frame.bottom);
}

function row(queue, item) {
  const isCurrent = item.id === queue.currentId;
  const why = isAppealed(item) ? [t("appealed")] : item.flags.length > 0 && item.status !== "held" ? [count("flags", item.flags.length)] : mainReasons(item);
  return h("li", { class: item.settled ? "row settled" : "row" },
    h("input", { type: "checkbox", checked: queue.selected.has(item.id), "aria-label": t("select_of", { author: item.author.display_name }), on: { change: () => queue.toggle(item.id) } }),
    h("button", { type: "button", class: "row-button", "aria-current": isCurrent ? "true" : null, data: { id: item.id }, on: { click: () => queue.goTo(item.id) } },
      h("span", { class: "row-head" },
        stranger(item.author.display_name, { class: "row-author" }),
        h("span", { class: "row-age muted" }, ago(item.queued_at ?? item.created_at, true))),
      h("span", { class: "row-text", dir: "auto" }, excerpt(item.body, EXCERPT)),
      h("span", { class: "row-foot" },
        risk(item), h("span", { class: "row-why" }, why.join(" · ")))));
}

function risk(item) {
  const level = item.risk >= 0.8 ? "high" : item.risk >= 0.5 ? "middle" : "low";
  return h("span", { class: `risk ${level}`, title: t("risk") }, h("span", { class: "visually-hidden" }, `${t("risk")} `), percent(item.risk));
}

/** The model's labels say more than "toxic"; other rules' reasons in words. */
export function mainReasons(item) {
  const passed = passedLabels(item);
  const own = item.reasons.map(({ code }) => code).filter((code) => code !== "toxicity");
  const labels = item.reasons.some(({ code }) => code === "toxicity") ? passed : [];
  const specific = labels.length > 1 ? labels.filter((name) => name !== "toxicity") : labels;
  return [...specific.map(label), ...own.map((code) => reason(code))];
}

export const passedLabels = (item) => Object.entries(item.scores).filter(([name, value]) => value >= (item.thresholds[name] ?? 2)).sort((a, b) => b[1] - a[1]).map(([name]) => name);

function end(queue) {
  const place = $("list-end");
  if ((queue.isLoading || queue.isStale) && queue.items.length === 0) return show(place, t("loading"));
  if (queue.newcomers > 0) {
    return show(place, h("button", { type: "button", class: "quiet strong", id: "load-newcomers", on: { click: () => queue.load() } }, count("newcomers", queue.newcomers), " ", h("kbd", { "aria-hidden": "true" }, "g")));
  }
  return show(place);
}

function selection(queue) {
  const place = $("selection");
  place.hidden = queue.selected.size === 0;
  if (place.hidden) return show(place);
  return show(place,
    h("strong", {}, count("selected", queue.selected.size)),
    h("button", { type: "button", class: "quiet", on: { click: () => { queue.selected.clear(); queue.changed(); } } }, t("selection_clear"), " ", h("kbd", { "aria-hidden": "true" }, "Esc")));
}
