// All that an author has written, refused or withdrawn at once: asked for, watched, taken back.

import { h, show } from "./dom.js";
import { explain, noteField, reasonField } from "./author_actions.js";
import { call, get } from "./server.js";
import { count, moment, page, reason, t } from "./texts.js";

const LOOK_MS = 700;
const UNDER_WAY = ["running", "undoing"];

/** A part of the dialog. `path` is the author's; it looks for progress as long as the dialog is there. */
export function removals({ path, onchange, dialog }) {
  const list = h("ul", { class: "removals", "aria-live": "polite" });
  const problem = h("p", { class: "error", role: "alert", hidden: true });
  const form = wishForm((wish) => send(() => call("POST", path, { body: wish })));
  let isAsked = false;
  const element = h("details", { name: "author-action" }, h("summary", {}, t("removal_title")), form, problem, list);
  element.addEventListener("toggle", () => element.open && look());

  async function send(work) {
    problem.hidden = true;
    try {
      await work();
      isAsked = true;
      await look();
      list.scrollIntoView({ block: "nearest" });
    } catch (error) {
      problem.textContent = explain(error);
      problem.hidden = false;
    }
  }

  async function look() {
    const { items } = await get(path);
    const isBusy = items.some((one) => UNDER_WAY.includes(one.state));
    show(list, items.map((one) => row(one, () => send(() => call("DELETE", `${path}/${one.id}`)))));
    for (const button of form.querySelectorAll("button")) button.disabled = isBusy;
    if (isBusy && dialog.isConnected) setTimeout(() => look().catch(() => {}), LOOK_MS);
    else if (isAsked) {
      isAsked = false;
      onchange();
    }
  }

  return element;
}

function wishForm(begin) {
  const reasons = reasonField("removal-reason", page.reason_codes);
  const actions = ["reject", "withdraw"].map((action, at) =>
    h("label", {}, h("input", { type: "radio", name: "action", value: action, checked: at === 0 }), h("span", {}, h("b", {}, t(`removal.${action}`)), h("span", { class: "muted small" }, t(`removal_means.${action}`)))));
  const form = h("form", { class: "form", novalidate: true }, h("fieldset", { class: "kinds" }, h("legend", { class: "visually-hidden" }, t("removal_title")), actions),
    reasons, noteField("removal-note"), h("div", { class: "buttons" }, h("button", { type: "submit", class: "refuse" }, t("removal_begin"))));
  form.addEventListener("change", () => (reasons.hidden = form.elements.action.value !== "reject"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const action = form.elements.action.value;
    begin({ action, reason_code: action === "reject" ? form.elements.reason.value : null, note: form.elements.note.value.trim() || null });
  });
  return form;
}

function row(one, undo) {
  const what = one.reason ? t("removal_because", { what: t(`removal_done.${one.action}`), reason: reason(one.reason.code) }) : t(`removal_done.${one.action}`);
  const isBusy = UNDER_WAY.includes(one.state);
  return h("li", {},
    h("p", {}, h("b", {}, what), h("span", { class: "muted" }, ` · ${one.actor} · ${moment(one.created_at)}`)),
    isBusy ? h("progress", { max: one.total, value: one.changed, "aria-label": what }) : null,
    h("p", { class: "small" }, count(`removal_state.${one.state}`, one.changed, { total: one.total, who: one.undone_by ?? "" })),
    ["running", "done"].includes(one.state) ? h("button", { type: "button", class: "quiet strong", on: { click: undo } }, t("removal_undo")) : null);
}
