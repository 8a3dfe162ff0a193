// What is said in passing: a line that goes by itself, and notices that stay until they are read.

import { $, h, key } from "./dom.js";
import { t } from "./texts.js";

const PASSING_MS = 8000;
let timer = 0;

/** For people who hear the page. */
export function say(text) {
  $("live").textContent = text;
}

/** A line at the edge of the page that goes after a while. Only the latest one is shown. Returns it. */
export function passing(text, action = null) {
  clearTimeout(timer);
  document.querySelector(".notice.passing")?.remove();
  const line = h("div", { class: "notice passing" }, h("span", {}, text), action && button(action, () => line.remove()));
  $("notices").append(line);
  say(text);
  timer = setTimeout(() => line.remove(), PASSING_MS);
  return line;
}

/** A notice that stays. `name` keeps the same thing from being said twice. */
export function lasting(name, text, ...actions) {
  dismiss(name);
  const notice = h("div", { class: "notice lasting", role: "alert", data: { name } },
    h("p", {}, text),
    h("div", { class: "notice-actions" },
      actions.map((action) => button(action, () => notice.remove())),
      h("button", { type: "button", class: "quiet", on: { click: () => notice.remove() } }, t("dismiss"))));
  $("notices").append(notice);
}

export function dismiss(name) {
  document.querySelector(`.notice[data-name="${name}"]`)?.remove();
}

function button({ text, shortcut, run }, done) {
  return h("button", { type: "button", class: "quiet strong", on: { click: () => { done(); run(); } } },
    text, shortcut && [" ", key(shortcut)]);
}
