// What became of the reader's own comment: said in words, with who decided it.

import { button, h } from "./dom.js";
import { reasonList } from "./notices.js";

/** A box under an own comment: while others do not see its newest version, and else when that is news. */
export function ownState(view) {
  const { comment, section } = view;
  const isOld = comment.status === "published" || section.own.isDismissed(comment);
  if (!comment.is_own || (isOld && !view.isNews)) return null;
  const { t } = section.words;
  return h(
    "section",
    { class: `state ${comment.status}`, "aria-label": t("state_label") },
    h("p", null, h("strong", null, t(headline(comment))), " ", comment.explanation),
    reasonList(comment.reasons),
    comment.note && h("p", { class: "note" }, t("editors_say"), " ", h("q", null, comment.note)),
    (comment.status === "published" || comment.status === "rejected") &&
      button(t("understood"), () => section.own.dismiss(view), { class: "link", "data-do": "understood" }),
  );
}

function headline({ status, published_revision: seen, reasons }) {
  if (status === "held" && reasons?.some(({ code }) => code === "address_unconfirmed")) return "state_unconfirmed";
  return seen != null && status !== "published" ? `state_${status}_edit` : `state_${status}`;
}

/** One line to read out. */
export const announcement = (words, comment) => `${words.t(headline(comment))} ${comment.explanation}`;
