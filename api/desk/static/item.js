// The comment in the middle: what was said, why it waits, and what to do with it.

import { commentText, passagesOf } from "./comment_text.js";
import { $, h, key, show, stranger } from "./dom.js";
import { passedLabels } from "./list.js";
import { isAppealed } from "./queue.js";
import { ago, clock, count, has, label, moment, page, reason, since, t } from "./texts.js";

let shown = null;
let note = null;

/** `actions` has decide(decision) and filterBy(filter). */
export function item(queue, actions) {
  const current = queue.current;
  const pane = $("item-pane");
  if (current === null) {
    shown = null;
    return show(pane, empty(queue));
  }
  const scope = queue.selected.size;
  const sign = JSON.stringify([current.id, current.version, current.settled ?? null, current.isChanged ?? false, scope, queue.index, queue.items.length]);
  if (sign === shown) return undefined;
  const isNew = shown === null || JSON.parse(shown)[0] !== current.id;
  shown = sign;
  if (isNew) note = null;
  const article = h("article", { class: "item", tabindex: "-1", id: "item", "aria-labelledby": "item-title" },
    banner(current), head(queue, current, actions), appeal(current), parent(current),
    commentText(current.body, passagesOf(current)), public_(current), why(current));
  show(pane, h("div", { class: "item-scroll" }, article), current.settled && !current.settled.look ? null : bar(queue, current, actions));
  if (isNew) pane.querySelector(".item-scroll").scrollTop = 0;
  return undefined;
}

/** After what is about to be drawn has been drawn. */
export const focusItem = () => queueMicrotask(() => $("item")?.focus({ preventScroll: true }));

function empty(queue) {
  if (queue.isLoading || queue.isStale) return h("p", { class: "empty muted" }, t("loading"));
  const isNarrowed = Object.entries(queue.filter).some(([name, value]) => !["status", "sort"].includes(name) && value !== "");
  const nothing = queue.isWaitingList && !isNarrowed;
  return h("div", { class: "empty" }, h("p", { class: "empty-title" }, t(nothing ? "empty" : "nothing_found")), h("p", { class: "muted" }, t(nothing ? "empty_lead" : "nothing_found_lead")));
}

function banner(current) {
  if (current.settled) {
    const { who, action, at } = current.settled;
    return h("p", { class: "notice warning", role: "status" }, action === null ? t("gone") : t("settled", { who: who ?? t("machine"), what: t(`done.${action}`), ago: ago(at) }));
  }
  return current.isChanged ? h("p", { class: "notice warning", role: "status" }, t("changed_since")) : null;
}

function head(queue, current, actions) {
  const { article, author } = current;
  const title = article.title ?? article.id;
  const waits = current.queued_at === null ? t(`status.${current.status}`) : t(`waits.${waiting(current)}`, { since: since(current.queued_at) });
  return h("header", { class: "item-head" },
    h("p", { class: "item-where" },
      article.url ? h("a", { href: article.url, target: "_blank", rel: "noopener noreferrer", id: "article-link" }, stranger(title), h("span", { class: "visually-hidden" }, ` (${t("new_window")})`)) : stranger(title),
      article.site === page.only_site ? null : h("span", { class: "muted" }, ` · ${article.site_name}`)),
    h("h2", { id: "item-title" },
      h("span", { class: "visually-hidden" }, `${t("comment_by")} `),
      stranger(author.display_name),
      author.is_staff ? [" ", h("span", { class: "item-staff" }, t("author_staff"))] : null,
      h("span", { class: "item-place muted" }, ` ${t("place", { at: queue.index + 1, of: `${queue.items.length}${queue.hasMore ? "+" : ""}` })}`)),
    h("p", { class: "item-facts muted" },
      // How it stands now, the notice above says.
      current.settled ? null : [h("span", { class: `state ${current.status}` }, waits), " · "],
      clock(h("time", {}, t("written", { moment: moment(current.created_at) })), current.created_at),
      current.edited_at ? [" · ", t("edited", { ago: ago(current.edited_at) })] : null,
      current.depth > 1 ? [" · ", t("reply_depth", { depth: current.depth })] : null,
      current.reply_count > 0 ? [" · ", count("replies", current.reply_count)] : null,
      " · ", h("button", { type: "button", class: "link", on: { click: () => actions.filterBy({ author: author.id, site: current.article.site }) } }, t("only_author"))));
}

const waiting = (current) => (current.status === "held" ? "held" : isAppealed(current) ? "appealed" : "flagged");

/** What the author says against the refusal, and who refused what they wrote, when and why. */
function appeal({ appeal: made, published_body: seen }) {
  if (made === null) return null;
  const { refusal } = made;
  const who = refusal.by_machine ? t("machine") : refusal.actor ?? "–";
  const why = refusal.reasons.map(({ code }) => reason(code)).join(", ");
  return h("section", { class: "appeal", "aria-labelledby": "appeal-title" },
    h("h3", { id: "appeal-title" }, t(`appeal.${made.status}`), h("span", { class: "muted" }, " · ", clock(h("time", {}, moment(made.created_at)), made.created_at))),
    made.text === null ? h("p", { class: "muted" }, t("appeal_silent")) : h("blockquote", { dir: "auto" }, stranger(made.text)),
    refusal.by_you ? h("p", { class: "strong" }, t("appeal_yours")) : null,
    h("p", {}, t("appeal_refused"), " ", stranger(who), why ? ` · ${why}` : null,
      h("span", { class: "muted" }, " · ", clock(h("time", {}, moment(refusal.decided_at)), refusal.decided_at)),
      refusal.note ? [h("br"), h("q", { dir: "auto" }, stranger(refusal.note))] : null),
    made.status === "waiting" ? h("p", { class: "muted small" }, t(seen === null ? "appeal_how" : "appeal_how_edit")) : null);
}

function parent(current) {
  if (current.parent === null) return null;
  return h("blockquote", { class: "parent" },
    h("p", { class: "muted" }, t("reply_to"), " ", stranger(current.parent.author)),
    commentText(current.parent.body));
}

function public_(current) {
  if (current.published_body === null) return null;
  return h("details", { class: "public" }, h("summary", {}, t("readers_see")), commentText(current.published_body));
}

function why(current) {
  const verdicts = current.verdicts.map((verdict) => h("li", {}, inWords(current, verdict)));
  const flags = current.flags.map((flag) => h("li", { class: "flag" }, t("flagged_for", { reason: reason(flag.reason) }), flag.text ? [": ", h("q", { dir: "auto" }, stranger(flag.text))] : null, h("span", { class: "muted" }, ` · ${ago(flag.created_at)}`)));
  if (verdicts.length + flags.length === 0) return null;
  return h("section", { class: "why" }, h("h3", {}, t(current.queued_at === null || waiting(current) === "appealed" ? "findings" : "why")), h("ul", {}, flags, verdicts));
}

function inWords(current, verdict) {
  const code = verdict.reason.code;
  if (code !== "toxicity") return has(`why.${code}`) ? t(`why.${code}`, verdict.evidence) : verdict.reason.message;
  const labels = passedLabels(current);
  const specific = labels.length > 1 ? labels.filter((name) => name !== "toxicity") : labels;
  return t("why.toxicity", { labels: specific.map(label).join(", ") });
}

function bar(queue, current, actions) {
  const scope = queue.selected.size;
  const suggested = current.suggested_reason;
  note ??= h("textarea", { id: "note", rows: "1", maxlength: "2000", placeholder: t("note_placeholder"), "aria-label": t("note"), "aria-keyshortcuts": "n" });
  return h("div", { class: "decide", role: "group", "aria-label": t("decide") },
    scope > 0 ? h("p", { class: "decide-scope" }, count("decide_scope", scope)) : null,
    h("div", { class: "decide-main" },
      h("button", { type: "button", class: "publish", "aria-keyshortcuts": "p", on: { click: () => actions.decide({ action: "publish" }) } }, t("publish"), " ", key("p")),
      h("button", { type: "button", class: "refuse", "aria-keyshortcuts": "r", on: { click: () => actions.refuse() } },
        suggested && scope === 0 ? t("refuse_as", { reason: reason(suggested) }) : t("refuse"), " ", key("r")),
      note),
    h("div", { class: "reasons", role: "group", "aria-label": t("refuse_because"), id: "reasons" },
      page.reason_codes.map((code, at) => h("button", { type: "button", class: code === suggested ? "chip suggested" : "chip", "aria-keyshortcuts": String(at + 1), on: { click: () => actions.decide({ action: "reject", reason_code: code }) } }, key(String(at + 1)), " ", reason(code)))));
}

/** What was written for the author, once. */
export function takeNote() {
  const text = note?.value.trim() ?? "";
  if (note) note.value = "";
  return text === "" ? null : text;
}
