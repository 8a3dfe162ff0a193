// What can be done about an author: sanctions with their history, all of their comments at once, a new password.

import { h, show, stranger } from "./dom.js";
import { passing } from "./notices.js";
import { removals } from "./author_removals.js";
import { Problem, call, get } from "./server.js";
import { moment, page, t } from "./texts.js";

const KINDS = ["warning", "premoderation", "suspension", "ban"];
const ENDS = ["suspension", "premoderation"];
const DAYS = [1, 3, 7, 30, 90];
const DAY_MS = 86_400_000;

/** A line about the author's standing, and the way to change it. `onchange` is called when comments have changed. */
export class AuthorActions {
  #path;

  constructor(item, onchange) {
    this.author = item.author;
    this.article = item.article;
    this.onchange = onchange;
    this.#path = `/sites/${encodeURIComponent(this.article.site)}/authors/${this.author.id}`;
    this.element = h("div", { id: "author-actions" });
  }

  /** Whoever has left, or works here, is not acted on. */
  async load() {
    try {
      this.#take(await get(`${this.#path}/sanctions`));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      show(this.element);
    }
  }

  #take(found) {
    this.found = found;
    show(this.element, standing(found), h("button", { type: "button", class: "quiet strong", on: { click: () => this.open() } }, t("author_act")));
  }

  open() {
    this.dialog = h("dialog", { class: "dialog author-dialog", "aria-labelledby": "author-title", on: { close: () => this.dialog.remove() } });
    document.body.append(this.dialog);
    this.#render();
    this.dialog.showModal();
  }

  #render() {
    const all = removals({ path: `${this.#path}/removals`, onchange: this.onchange, dialog: this.dialog });
    show(this.dialog,
      h("header", {}, h("h2", { id: "author-title" }, stranger(this.author.display_name)), h("p", { class: "muted" }, t("author_on", { site: this.article.site_name }))),
      this.#inForce(), this.#form(), all,
      history(this.found.items),
      page.is_admin ? this.#newPassword() : null,
      h("form", { method: "dialog" }, h("button", { class: "quiet strong" }, t("close"))));
  }

  #inForce() {
    const items = this.found.items.filter((one) => one.in_force);
    if (items.length === 0) return null;
    return h("section", { class: "in-force" }, h("h3", {}, t("sanctions_now")), h("ul", {}, items.map((one) => h("li", {}, described(one), note(one),
      h("button", { type: "button", class: "quiet strong", on: { click: (event) => this.#lift(one, event.target) } }, t("sanction_lift"))))));
  }

  #form() {
    const problem = h("p", { class: "error", role: "alert", hidden: true });
    const until = untilField();
    const form = h("form", { class: "form", novalidate: true },
      h("fieldset", { class: "kinds" }, h("legend", { class: "visually-hidden" }, t("sanction_kind")),
        KINDS.map((kind, at) => h("label", {}, h("input", { type: "radio", name: "kind", value: kind, checked: at === 0 }), h("span", {}, h("b", {}, t(`sanction.${kind}`)), h("span", { class: "muted small" }, t(`sanction_means.${kind}`)))))),
      until.element, reasonField("sanction-reason", page.sanction_reasons), noteField("sanction-note"), problem,
      h("div", { class: "buttons" }, h("button", { type: "submit", class: "primary" }, t("sanction_impose"))));
    const refresh = () => until.refresh(form.elements.kind.value);
    form.addEventListener("change", refresh);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const kind = form.elements.kind.value;
      const wish = { kind, reason_code: form.elements.reason.value, note: form.elements.note.value.trim() || null, until: ENDS.includes(kind) ? until.value() : null };
      this.#send(problem, event.submitter, async () => {
        await this.#change("POST", "/sanctions", wish);
        passing(t(`sanction_done.${kind}`, { author: this.author.display_name }));
      });
    });
    refresh();
    return h("details", { name: "author-action", open: true }, h("summary", {}, t("sanction_new")), form);
  }

  #lift(one, button) {
    const problem = h("p", { class: "error", role: "alert", hidden: true });
    button.after(problem);
    this.#send(problem, button, () => this.#change("DELETE", `/sanctions/${one.id}`));
  }

  async #change(method, path, body) {
    const { content } = await call(method, `${this.#path}${path}`, { body });
    this.#take(content);
    this.#render();
    this.dialog.querySelector("h2").tabIndex = -1;
    this.dialog.querySelector("h2").focus();
  }

  #newPassword() {
    const problem = h("p", { class: "error", role: "alert", hidden: true });
    const ask = h("button", { type: "button", class: "quiet strong", on: { click: () => this.#send(problem, ask, async () => {
      await call("POST", `/accounts/${this.author.id}/password-reset`);
      ask.replaceWith(h("p", { role: "status" }, t("password_demanded")));
    }) } }, t("password_demand"));
    return h("details", { name: "author-action" }, h("summary", {}, t("password_title")), h("p", { class: "muted small" }, t("password_means")), ask, problem);
  }

  async #send(problem, button, work) {
    button.disabled = true;
    problem.hidden = true;
    try {
      await work();
    } catch (error) {
      problem.textContent = explain(error);
      problem.hidden = false;
    } finally {
      button.disabled = false;
    }
  }
}

/** What the server said, field by field where it was about fields. */
export function explain(error) {
  if (!(error instanceof Problem)) return t("unreachable");
  const fields = Object.values(error.errors).flat().map((entry) => entry.message);
  return fields.length > 0 ? fields.join(" ") : error.message;
}

export function reasonField(id, codes) {
  return h("div", { class: "labelled" }, h("label", { for: id }, t("reason_label")),
    h("select", { id, name: "reason" }, codes.map((code) => h("option", { value: code }, t(`reason.${code}`)))));
}

export function noteField(id) {
  return h("div", { class: "labelled" }, h("label", { for: id }, t("note")), h("textarea", { id, name: "note", rows: "2", maxlength: "2000" }));
}

function untilField() {
  const endless = h("option", { value: "" }, t("until.none"));
  const choice = h("select", { id: "sanction-until", name: "days" }, endless, DAYS.map((days) => h("option", { value: days, selected: days === 7 }, t(`until.${days}`))), h("option", { value: "date" }, t("until.date")));
  const date = h("input", { type: "date", name: "date", "aria-label": t("until.date"), min: isoDay(Date.now() + DAY_MS), value: isoDay(Date.now() + 14 * DAY_MS) });
  const element = h("div", { class: "labelled" }, h("label", { for: "sanction-until" }, t("until_label")), h("div", { class: "buttons" }, choice, date));
  return {
    element,
    refresh(kind) {
      element.hidden = !ENDS.includes(kind);
      endless.hidden = endless.disabled = kind === "suspension";
      if (kind === "suspension" && choice.value === "") choice.value = "7";
      date.hidden = choice.value !== "date";
    },
    value() {
      if (choice.value === "") return null;
      // A day is over when it is over where the moderator is.
      if (choice.value === "date") return date.value ? new Date(`${date.value}T23:59:59`).toISOString() : null;
      return new Date(Date.now() + Number(choice.value) * DAY_MS).toISOString();
    },
  };
}

const isoDay = (time) => new Date(time).toISOString().slice(0, 10);

function standing({ standing: now, until, items }) {
  const warned = items.some((one) => one.in_force && one.kind === "warning");
  const parts = [now === "good" ? null : t(until ? `standing_until.${now}` : `standing.${now}`, { until: until && moment(until) }), warned ? t("standing.warned") : null].filter(Boolean);
  return parts.length === 0 ? null : h("p", { class: "standing" }, parts.join(" · "));
}

function described(one) {
  return h("p", {}, h("b", {}, t(`sanction.${one.kind}`)), one.until ? ` ${t("until_moment", { until: moment(one.until) })}` : null,
    h("span", { class: "muted" }, ` · ${one.reason.message} · ${one.actor ?? t("operator")} · ${moment(one.created_at)}`));
}

const note = (one) => (one.note ? h("q", { class: "small", dir: "auto" }, stranger(one.note)) : null);

function history(items) {
  const over = items.filter((one) => !one.in_force);
  if (over.length === 0) return null;
  return h("details", { name: "author-action" }, h("summary", {}, t("sanctions_before")), h("ul", { class: "before" }, over.map((one) => h("li", {}, described(one), note(one), ending(one)))));
}

function ending(one) {
  if (!one.ended) return null;
  return h("p", { class: "muted small" }, t(`sanction_ended.${one.ended}`, { who: one.ended_by ?? t("operator"), at: moment(one.ended_at) }));
}
