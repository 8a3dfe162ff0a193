// The desk: puts the parts together.

import { context } from "./context.js";
import { Decisions } from "./decisions.js";
import { $ } from "./dom.js";
import { Filters, STATUSES, fromAddress, tabs, toAddress } from "./filters.js";
import { focusItem, item, takeNote } from "./item.js";
import { keyboard } from "./keyboard.js";
import { list } from "./list.js";
import { Live } from "./live.js";
import { dismiss, lasting, passing } from "./notices.js";
import { Queue } from "./queue.js";
import { Problem, get, onSessionOver, signOut } from "./server.js";
import { setUp } from "./sign_in.js";
import { page, t } from "./texts.js";

const asked = fromAddress();
const queue = new Queue(asked.filter);
const decisions = new Decisions(queue);
const filters = new Filters(queue);
const live = new Live(queue);

const actions = {
  decide(decision) {
    const chosen = queue.selected.size > 0 ? queue.items.filter((one) => queue.selected.has(one.id)) : [queue.current].filter(Boolean);
    const open = chosen.filter((one) => !one.settled || one.settled.look);
    if (open.length === 0) return queue.step(1);
    decisions.decide(open, { ...decision, note: takeNote() });
    return focusItem();
  },
  refuse() {
    const code = queue.selected.size === 0 ? queue.current?.suggested_reason : null;
    if (code) return actions.decide({ action: "reject", reason_code: code });
    passing(t("choose_reason"));
    return $("reasons")?.querySelector("button")?.focus();
  },
  filterBy: (filter) => filters.apply(filter),
};

const step = (by) => {
  if (!queue.step(by)) passing(t(by > 0 ? "last_one" : "first_one"));
  focusItem();
};

keyboard([
  { keys: ["j"], text: t("keys.next"), run: () => step(1) },
  { keys: ["k"], text: t("keys.previous"), run: () => step(-1) },
  { keys: ["p"], text: t("keys.publish"), run: () => actions.decide({ action: "publish" }) },
  { keys: ["r"], text: t("keys.refuse"), run: () => actions.refuse() },
  { keys: page.reason_codes.map((_, at) => String(at + 1)), shown: ["1", "…", String(page.reason_codes.length)], text: t("keys.refuse_because"), run: (name) => actions.decide({ action: "reject", reason_code: page.reason_codes[Number(name) - 1] }) },
  { keys: ["n"], text: t("keys.note"), run: () => $("note")?.focus() },
  { keys: ["u"], text: t("keys.undo"), run: () => decisions.undo() },
  { keys: ["x"], text: t("keys.select"), run: () => queue.current && queue.toggle(queue.currentId) },
  { keys: ["a"], text: t("keys.select_all"), run: selectAll },
  { keys: ["Escape"], shown: ["Esc"], text: t("keys.clear"), run: () => { queue.selected.clear(); queue.changed(); } },
  { keys: ["/"], text: t("keys.search"), run: () => $("words").focus() },
  { keys: ["f"], text: t("keys.filter"), run: () => filters.toggle() },
  { keys: ["t"], text: t("keys.tab"), run: () => { const at = STATUSES.indexOf(queue.filter.status); document.querySelector(`[data-status="${STATUSES[(at + 1) % STATUSES.length]}"]`).click(); } },
  { keys: ["o"], text: t("keys.open"), run: () => $("article-link")?.click() },
  { keys: ["g"], text: t("keys.reload"), run: () => queue.load() },
  { keys: [], shown: ["?"], text: t("keys.help") },
]);

function selectAll() {
  const isAll = queue.items.every((one) => queue.selected.has(one.id));
  queue.selected = new Set(isAll ? [] : queue.items.map((one) => one.id));
  queue.changed();
}

document.addEventListener("keydown", (event) => {
  if (event.target.id === "note" && event.key === "Escape") focusItem();
  if (event.target.id === "note" && event.key === "Enter" && (event.ctrlKey || event.metaKey)) actions.refuse();
  if (event.target.id === "words" && event.key === "Escape") event.target.blur();
});

let isDrawn = false;
queue.addEventListener("change", () => {
  // Several changes in a row are drawn once.
  if (isDrawn) return;
  isDrawn = true;
  queueMicrotask(() => {
    isDrawn = false;
    if (!queue.isStale) dismiss("not_loaded");
    toAddress(queue.filter);
    tabs(queue);
    list(queue);
    item(queue, actions);
    context(queue);
  });
});
decisions.addEventListener("settled", () => live.now());

onSessionOver(() => new Promise((resolve) => {
  const dialog = $("session-over");
  if (!dialog.open) dialog.showModal();
  dialog.addEventListener("close", resolve, { once: true });
}));
setUp((account) => {
  if (account.display_name !== page.account) location.reload();
  $("session-over").close();
});
$("session-over").addEventListener("cancel", (event) => event.preventDefault());
$("sign-out").addEventListener("click", async () => {
  await signOut();
  location.reload();
});
window.addEventListener("unhandledrejection", ({ reason }) => {
  lasting(queue.isStale ? "not_loaded" : "unexpected", reason instanceof Problem ? reason.message : t("unreachable"), { text: t("try_again"), run: () => queue.load() });
});

await queue.load(asked.comment);
if (asked.comment && queue.currentId !== asked.comment) {
  const found = await get(`/review-queue/${encodeURIComponent(asked.comment)}`).catch(() => null);
  if (found === null) passing(t("comment_not_found"));
  else queue.putBack(found, 0);
}
focusItem();
