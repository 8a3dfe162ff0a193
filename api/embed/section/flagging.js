// Asking the editors to look at a comment.

import { path } from "./api.js";
import { button, h } from "./dom.js";

const REASONS = ["insult", "hate", "threat", "spam", "off_topic", "personal_data", "illegal", "other"];
const TEXT_LENGTH = 1000;

export function flagForm(view, oncancel) {
  const { t } = view.section.words;
  const id = view.comment.id;
  const text = h("textarea", { id: `flag-${id}`, rows: 2, maxlength: TEXT_LENGTH });
  const send = h("button", { class: "primary", type: "submit" }, t("send_flag"));
  const choices = REASONS.map((reason, at) =>
    h(
      "label",
      { class: "check" },
      h("input", { type: "radio", name: `reason-${id}`, value: reason, checked: at === 0 }),
      h("span", null, t(`flag_${reason}`)),
    ),
  );
  const submit = async (event) => {
    event.preventDefault();
    send.disabled = true;
    const reason = form.querySelector("input:checked").value;
    try {
      await view.section.api.post(path("comments", id, "flags"), { reason, text: text.value.trim() || null });
      view.thanked();
    } catch (error) {
      if (error.code === "already_flagged") view.thanked();
      else view.complain(error);
    }
  };
  const form = h(
    "form",
    { class: "ask", onsubmit: submit, onkeydown: (event) => event.key === "Escape" && oncancel() },
    h("fieldset", null, h("legend", null, t("flag_why")), choices),
    h("label", { for: text.id }, t("flag_text")),
    text,
    h("div", { class: "row" }, send, button(t("cancel"), oncancel)),
  );
  return form;
}
