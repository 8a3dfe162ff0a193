// One key for everything, listed on `?`, and a switch for people whose software types keys by itself (WCAG 2.1.4).

import { $, h, show } from "./dom.js";
import { t } from "./texts.js";

const STORED = "vorab-desk-keys";
const TYPING = "input:not([type=checkbox]), textarea, select, [contenteditable]";

/** `shortcuts` are `{keys, text, run}`; the same list answers keys and is shown. */
export function keyboard(shortcuts) {
  const byKey = new Map(shortcuts.flatMap((shortcut) => shortcut.keys.map((name) => [name, shortcut])));
  const help = () => showHelp(shortcuts);
  $("show-keys").addEventListener("click", help);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.matches?.(TYPING) || document.querySelector("dialog[open]")) return;
    if (event.key === "?") {
      event.preventDefault();
      help();
      return;
    }
    const shortcut = byKey.get(event.key.length === 1 ? event.key.toLowerCase() : event.key);
    if (shortcut === undefined || !isOn()) return;
    event.preventDefault();
    shortcut.run(event.key);
  });
}

const isOn = () => localStorage.getItem(STORED) !== "off";

function showHelp(shortcuts) {
  const dialog = $("keys");
  const box = h("input", { type: "checkbox", checked: isOn(), on: { change: () => localStorage.setItem(STORED, box.checked ? "on" : "off") } });
  show(dialog,
    h("h2", { id: "keys-title" }, t("keys_title")),
    h("dl", { class: "keys" }, shortcuts.filter(({ text }) => text).map(({ keys, shown, text }) => h("div", {}, h("dt", {}, (shown ?? keys).map((name) => h("kbd", {}, name))), h("dd", {}, text)))),
    h("label", { class: "check" }, box, t("keys_on")),
    h("form", { method: "dialog" }, h("button", { class: "primary" }, t("close"))));
  dialog.showModal();
}
