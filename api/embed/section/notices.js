// What a reader is told while sending: that a text would be held, or that it is waiting for the connection.

import { Unanswered } from "./api.js";
import { button, fill, h } from "./dom.js";

/** Before sending: what the screening doubts, and the choice. */
export function askNotice(composer, { outcome, reasons, passages }) {
  const { t } = composer.section.words;
  const isHeld = outcome === "hold";
  const title = h("h4", { id: `${composer.id}-ask`, tabindex: "-1" }, t(isHeld ? "ask_title" : "refuse_title"));
  const rephrase = () => {
    fill(composer.notice);
    if (passages.length) composer.select(passages[0]);
    else composer.focus();
  };
  queueMicrotask(() => title.focus());
  return h(
    "section",
    { class: "ask", "aria-labelledby": title.id },
    title,
    h("p", null, t(isHeld ? "ask_machine" : "refuse_machine")),
    reasonList(reasons),
    passages.length > 0 && h("blockquote", { class: "marked", tabindex: "0" }, marked(composer.area.value.trim(), passages)),
    h("p", null, t(isHeld ? "ask_choice" : "refuse_choice")),
    h(
      "div",
      { class: "row" },
      button(t("rephrase"), rephrase, { class: "primary" }),
      button(t(isHeld ? "send_to_editors" : "send_anyway"), () => composer.sendAsItIs()),
    ),
  );
}

export const reasonList = (reasons) =>
  reasons.length > 0 && h("ul", { class: "reasons" }, reasons.map((reason) => h("li", null, reason.message)));

/** The text with its doubtful passages marked. Offsets count code points. */
function marked(text, passages) {
  const signs = [...text];
  const parts = [];
  let at = 0;
  for (const { begin, end } of [...passages].sort((one, other) => one.begin - other.begin)) {
    if (begin < at) continue;
    parts.push(signs.slice(at, begin).join(""), h("mark", null, signs.slice(begin, end).join("")));
    at = end;
  }
  return [...parts, signs.slice(at).join("")];
}

/** While nobody knows whether it arrived: the text is safe, and goes by itself. */
export function waitNotice(composer, error) {
  const { t } = composer.section.words;
  const text = error instanceof Unanswered ? t("no_connection") : composer.section.explain(error);
  composer.section.say(`${text} ${t("kept_here")}`);
  return h(
    "section",
    { class: "calm" },
    h("p", null, text, " ", t("kept_here")),
    h(
      "div",
      { class: "row" },
      button(t("try_now"), () => composer.retry(), { class: "primary" }),
      button(t("do_not_send"), () => composer.giveUp()),
    ),
  );
}
