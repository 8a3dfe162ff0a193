// What the law gives readers: everything about themselves as a file, and leaving.

import { button, fill, h } from "./dom.js";

const FATES = ["keep", "remove"];

export class MyData {
  constructor(dialog) {
    this.dialog = dialog;
    this.section = dialog.section;
  }

  /** `account` is the reader's own, as the server describes it. */
  render(account) {
    const { t } = this.section.words;
    const leaving = h("div", null, button(t("delete_account"), () => this.#askToLeave(leaving, account), { class: "link" }));
    return [
      h("p", { class: "muted" }, t("export_why")),
      h("div", { class: "row" }, button(t("export"), () => this.dialog.try(() => this.#download()), { class: "primary" })),
      leaving,
    ];
  }

  #askToLeave(leaving, account) {
    const { t } = this.section.words;
    const choices = FATES.map((fate, at) =>
      h("label", { class: "check" }, h("input", { type: "radio", name: "fate", value: fate, checked: at === 0 }), h("span", null, t(`fate_${fate}`))),
    );
    const id = "leaving-password";
    const input = h("input", { id, type: "password", autocomplete: "current-password", required: true });
    // Whom the site or a provider signs in has no password here.
    const password = account.has_password && h("div", { class: "field" }, h("label", { for: id }, t("password")), input);
    const leave = (event) => {
      event.preventDefault();
      const comments = form.querySelector("input:checked").value;
      this.dialog.try(() => this.#leave({ password: input.value, comments }));
    };
    const form = h(
      "form",
      { novalidate: true, onsubmit: leave },
      h("p", null, t("delete_why")),
      h("fieldset", null, h("legend", null, t("fate")), choices),
      password,
      h("div", { class: "row" }, h("button", { class: "primary", type: "submit" }, t("delete_for_good"))),
    );
    fill(leaving, form);
    form.querySelector("input").focus();
  }

  async #download() {
    const found = await this.section.api.get("/accounts/me/export");
    const address = URL.createObjectURL(new Blob([JSON.stringify(found, null, 2)], { type: "application/json" }));
    h("a", { href: address, download: "vorab.json" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  }

  async #leave(wish) {
    await this.section.api.call("DELETE", "/accounts/me", wish);
    this.dialog.element.close();
    this.section.session.forget();
    const said = h("p", { class: "calm", tabindex: "-1" }, this.section.words.t("account_deleted"));
    fill(this.section.trouble, said);
    said.focus();
  }
}
