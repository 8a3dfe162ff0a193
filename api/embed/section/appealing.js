// Asking the editors for a second look at what was refused.

import { path } from "./api.js";
import { button, fill, h } from "./dom.js";

const APPEAL_LENGTH = 1000;

/** Whether the reader may ask now. */
export const mayAppeal = ({ appealable_until: until }) => Date.parse(until) > Date.now();

/** `ondone` gets the comment as it is then; what was written stays in the form until it is sent. */
export function appealForm(view, { oncancel, ondone }) {
  const { section, comment } = view;
  const { t, day } = section.words;
  const text = h("textarea", { id: `appeal-${comment.id}`, rows: 3, maxlength: APPEAL_LENGTH, "aria-describedby": `appeal-hint-${comment.id}` });
  const send = h("button", { class: "primary", type: "submit" }, t("send_appeal"));
  const trouble = h("div", null);
  const submit = async (event) => {
    event.preventDefault();
    send.disabled = true;
    try {
      ondone(await section.api.post(path("comments", comment.id, "appeal"), { text: text.value.trim() || null }));
    } catch (error) {
      send.disabled = false;
      fill(trouble, h("p", { class: "problem", role: "alert" }, section.explain(error)));
    }
  };
  return h(
    "form",
    { class: "ask", onsubmit: submit, onkeydown: (event) => event.key === "Escape" && oncancel() },
    h("p", { id: `appeal-hint-${comment.id}` }, t("appeal_hint", { day: day.format(new Date(comment.appealable_until)) })),
    h("label", { for: text.id }, t("appeal_text")),
    text,
    trouble,
    h("div", { class: "row" }, send, button(t("cancel"), oncancel)),
  );
}
