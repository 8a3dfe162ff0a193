// What became of the reader's own comment: said in words, with who decided it.

import { mayAppeal } from "./appealing.js";
import { button, h } from "./dom.js";
import { reasonList } from "./notices.js";

/** A box under an own comment: while others do not see its newest version, and else when that is news. */
export function ownState(view) {
  const { comment, section } = view;
  const isOld = comment.status === "published" || section.own.isDismissed(comment);
  if (!comment.is_own || (isOld && !view.isNews)) return null;
  const { t } = section.words;
  const { appeal } = comment;
  const act = (name, run) => button(t(name), run, { class: "link", "data-do": name });
  return h(
    "section",
    { class: `state ${comment.status}`, "aria-label": t("state_label") },
    h("p", null, h("strong", null, t(headline(comment))), " ", comment.explanation),
    reasonList(comment.reasons),
    comment.note && h("p", { class: "note" }, t("editors_say"), " ", h("q", null, comment.note)),
    appeal && h("p", null, appeal.explanation),
    appeal?.text && h("p", { class: "note" }, t("you_said"), " ", h("q", { dir: "auto" }, appeal.text)),
    h(
      "div",
      { class: "row" },
      mayAppeal(comment) && act("appeal", () => view.appeal()),
      (comment.status === "published" || comment.status === "rejected") &&
        !isAppealed(comment) &&
        act("understood", () => section.own.dismiss(view)),
    ),
  );
}

/** Whether a person has yet to look at it once more. */
export const isAppealed = ({ appeal }) => appeal?.status === "waiting";

function headline({ status, published_revision: seen, reasons, appeal }) {
  if (status === "rejected" && isAppealed({ appeal })) return "state_appealed";
  if (status === "held" && reasons?.some(({ code }) => code === "address_unconfirmed")) return "state_unconfirmed";
  return seen != null && status !== "published" ? `state_${status}_edit` : `state_${status}`;
}

/** One line to read out. */
export const announcement = (words, comment) =>
  [words.t(headline(comment)), comment.explanation, comment.appeal?.explanation].filter(Boolean).join(" ");
