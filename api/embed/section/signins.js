// Where the reader is signed in: with what, since when, and ending it.

import { path } from "./api.js";
import { button, fill, h } from "./dom.js";

const SESSIONS = "/accounts/me/sessions";

export function signIns(dialog) {
  const { section } = dialog;
  const { t } = section.words;
  const list = h("ul", { class: "sign-ins" });
  const others = button(t("end_others"), () => act("DELETE", `${SESSIONS}?keep_current=true`));
  const element = h("div", null, h("p", { class: "muted" }, t("sign_ins_why")), list, h("div", { class: "row" }, others));

  const look = async () => {
    const { items } = await section.api.get(SESSIONS);
    fill(list, items.map((one) => row(one)));
    others.hidden = items.length < 2;
  };

  const act = (method, address) =>
    dialog.try(async () => {
      await section.api.call(method, address);
      await look();
      section.say(t("sign_in_ended"));
    });

  function row(one) {
    const device = one.device ?? t("unknown_device");
    const end = !one.is_current && button(t("end_one"), () => act("DELETE", path("accounts", "me", "sessions", one.id)), { class: "link", "aria-label": t("end_device", { device }) });
    const here = one.is_current && h("span", { class: "tag" }, t("this_device"));
    const used = h("span", { class: "muted" }, t("last_used"), " ", section.time(one.last_used_at), " · ", t("signed_in_since"), " ", section.time(one.created_at));
    return h("li", null, h("span", { class: "device" }, h("b", null, device), here, end), used);
  }

  dialog.try(look);
  return element;
}
