// What stands beside the comment: the scores, the author's record, and what was decided before.

import { AuthorActions } from "./author_actions.js";
import { excerpt } from "./comment_text.js";
import { $, h, show, stranger } from "./dom.js";
import { get } from "./server.js";
import { ago, clock, label, moment, number, reason, score, since, t } from "./texts.js";

const CALM_MS = 200;
const RECENT = 5;
const EXCERPT = 160;
let timer = 0;
let shownId = null;

export function context(queue) {
  const item = queue.current;
  const sign = item && `${item.id} ${item.version}`;
  if (sign === shownId) return;
  shownId = sign;
  clearTimeout(timer);
  if (item === null) {
    show($("context"));
    return;
  }
  const recent = h("div", { class: "recent" });
  const history = h("div", { class: "history" });
  const actions = new AuthorActions(item, () => queue.load());
  show($("context"), scores(item), author(item, recent, actions), history);
  // Whoever goes through the queue quickly does not look at everybody's past.
  timer = setTimeout(() => {
    actions.load().catch(() => {});
    more(item, recent, history).catch(() => show(recent, h("p", { class: "muted" }, t("context_failed"))));
  }, CALM_MS);
}

function scores(item) {
  const rows = Object.entries(item.scores).map(([name, value]) => ({ name, value, limit: item.thresholds[name] ?? null }))
    .sort((a, b) => b.value - a.value);
  if (rows.length === 0) return h("section", {}, h("h3", {}, t("scores")), h("p", { class: "muted" }, t(item.status === "screening" ? "not_screened" : "no_scores")));
  return h("section", { class: "scores" }, h("h3", {}, t("scores")),
    h("ul", {}, rows.map(bar)),
    h("p", { class: "muted small" }, t("scores_by", { model: item.model?.name ?? "–", language: item.language ?? "–" })));
}

function bar({ name, value, limit }) {
  const isOver = limit !== null && value >= limit;
  const filled = h("span", { class: "filled" });
  filled.style.inlineSize = `${value * 100}%`;
  const tick = limit === null ? null : h("span", { class: "tick" });
  if (tick) tick.style.insetInlineStart = `${limit * 100}%`;
  return h("li", { class: isOver ? "score over" : "score" },
    h("span", { class: "score-name" }, label(name)),
    h("span", { class: "score-value" }, score(value), h("span", { class: "visually-hidden" }, limit === null ? "" : ` ${t(isOver ? "over_limit" : "under_limit", { limit: score(limit) })}`)),
    h("span", { class: "track", "aria-hidden": "true", title: limit === null ? null : t("limit", { limit: score(limit) }) }, filled, tick));
}

function author(item, recent, actions) {
  const { author: who } = item;
  const all = who.published + who.rejected + who.held;
  return h("section", { class: "author", id: "author" }, h("h3", {}, t("author")),
    h("p", {}, stranger(who.display_name, { class: "strong" }), h("span", { class: "muted" }, ` · ${t("account_age", { since: since(who.created_at) })}`)),
    h("dl", { class: "record" },
      [["published", who.published], ["rejected", who.rejected], ["held", who.held]].map(([name, value]) => h("div", { class: name }, h("dt", {}, t(`record.${name}`)), h("dd", {}, number(value))))),
    all <= 1 ? h("p", { class: "muted small" }, t("first_comment")) : recent,
    actions.element);
}

async function more(item, recent, history) {
  const [others, decisions] = await Promise.all([
    get("/review-queue", { author: item.author.id, site: item.article.site, status: "any", sort: "newest", limit: RECENT + 1 }),
    get(`/comments/${item.id}/decisions`),
  ]);
  const found = others.items.filter((other) => other.id !== item.id).slice(0, RECENT);
  show(recent, found.length === 0 ? null : [h("h4", {}, t("recent")), h("ul", {}, found.map(past))]);
  show(history, decisions.items.length === 0 ? null : h("section", {}, h("h3", {}, t("history")), h("ol", {}, decisions.items.map(decision))));
}

function past(other) {
  return h("li", {}, h("span", { class: `state ${other.status}` }, t(`status.${other.status}`)), h("span", { class: "muted" }, ` · ${ago(other.created_at)}`),
    h("a", { class: "past-text", href: `?comment=${other.id}`, dir: "auto" }, excerpt(other.body, EXCERPT)));
}

function decision(made) {
  const who = made.by_machine ? t("machine") : made.actor ?? "–";
  const why = made.reasons.map(({ code }) => reason(code)).join(", ");
  return h("li", {}, h("span", { class: `state ${made.to_status}` }, t(made.undoes ? "done.undo" : `done.${made.action}`)), " · ", stranger(who),
    h("span", { class: "muted" }, " · ", clock(h("time", {}, moment(made.decided_at)), made.decided_at)),
    made.answers_appeal ? h("span", { class: "small" }, h("br"), t("on_appeal")) : null,
    why ? h("span", { class: "small" }, h("br"), why) : null,
    made.note ? h("q", { class: "small", dir: "auto" }, stranger(made.note)) : null);
}
