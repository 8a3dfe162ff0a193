// Signing in and registering, in a dialog of its own: the page stays where it is, and so does a text begun before.

import { button, fill, h } from "./dom.js";
import { Problem } from "./api.js";
import { leaveFor } from "./provider.js";

export class SignInDialog {
  #done;

  constructor(section) {
    this.section = section;
    this.element = h("dialog", {
      class: "dialog",
      "aria-labelledby": "dialog-title",
      onclick: (event) => event.target === this.element && this.element.close(),
      onclose: () => this.#done?.(Boolean(section.session.account)),
    });
  }

  /** Resolves when the dialog closes: true if somebody is signed in then. */
  open(kind, why) {
    // A site with users of its own has a form of its own. The text begun here waits in its draft.
    if (this.section.options.signIn) {
      location.assign(this.section.options.signIn);
      return Promise.resolve(false);
    }
    const opened = new Promise((resolve) => (this.#done = resolve));
    this.#show(kind, why);
    if (!this.element.open) this.element.showModal();
    this.element.querySelector("input[type=text], input[type=email]").focus();
    return opened;
  }

  #show(kind, why) {
    const { t } = this.section.words;
    this.why = why ?? this.why;
    const isNew = kind === "register";
    this.message = h("p", { class: "problem", role: "alert", hidden: true });
    this.fields = isNew
      ? [this.#field("display_name", "nickname"), this.#field("email", "username"), this.#field("password", "new-password")]
      : [this.#field("email", "username"), this.#field("password", "current-password")];
    this.stay = h("input", { type: "checkbox", checked: true });
    this.submit = h("button", { class: "primary", type: "submit" }, t(isNew ? "register" : "sign_in"));
    const form = h(
      "form",
      { novalidate: true, onsubmit: (event) => this.#send(event, isNew) },
      this.fields.map((field) => field.row),
      h("label", { class: "check" }, this.stay, h("span", null, t("stay_signed_in"))),
      this.message,
      h("div", { class: "row" }, this.submit, button(t("cancel"), () => this.element.close())),
    );
    fill(
      this.element,
      h("h3", { id: "dialog-title" }, t(isNew ? "register" : "sign_in")),
      this.why && h("p", { class: "muted" }, t(this.why)),
      this.#providers(),
      form,
      this.#others(isNew),
    );
  }

  /** Without a secure context a browser makes no verifier, and the way there would not be safe either. */
  #providers() {
    const { t } = this.section.words;
    const { providers } = this.section.info.sign_in;
    if (!providers.length || !window.isSecureContext) return null;
    const buttons = providers.map((one) =>
      button(t("sign_in_with", { name: one.name }), () => leaveFor(this.section, one, this.stay.checked), { class: "provider" }),
    );
    return h("div", { class: "providers" }, buttons, h("p", { class: "muted" }, t("or_with_password")));
  }

  /** The way between the two forms, and whatever other ways of signing in the site offers. */
  #others(isNew) {
    const { t } = this.section.words;
    const { reset_url: reset } = this.section.info.sign_in;
    return h(
      "p",
      { class: "others" },
      t(isNew ? "have_account" : "no_account"),
      " ",
      button(t(isNew ? "sign_in" : "register"), () => this.#switch(isNew ? "sign-in" : "register"), { class: "link" }),
      !isNew && reset && h("a", { href: reset, target: "_blank", rel: "noopener" }, t("forgot_password")),
    );
  }

  #switch(kind) {
    const email = this.#value("email");
    this.#show(kind);
    this.fields.find((field) => field.name === "email").input.value = email;
    this.element.querySelector("input").focus();
  }

  #field(name, autocomplete) {
    const { t } = this.section.words;
    const type = { email: "email", password: "password" }[name] ?? "text";
    const id = `field-${name}`;
    const input = h("input", { id, name, type, autocomplete, required: true, "aria-describedby": `${id}-note` });
    const hint = autocomplete === "new-password" || name === "display_name" ? t(`${name}_hint`) : "";
    const note = h("p", { id: `${id}-note`, class: "note" }, hint);
    return { name, hint, input, note, row: h("div", { class: "field" }, h("label", { for: id }, t(name)), input, note) };
  }

  /** Whoever moderates has a second factor, perhaps. */
  #askForCode() {
    if (this.fields.some((field) => field.name === "code")) return;
    const field = this.#field("code", "one-time-code");
    this.fields.at(-1).row.after(field.row);
    this.fields.push(field);
    field.input.focus();
  }

  #value(name) {
    return this.fields.find((field) => field.name === name)?.input.value.trim() ?? "";
  }

  async #send(event, isNew) {
    event.preventDefault();
    if (!this.#complete()) return;
    this.submit.disabled = true;
    this.message.hidden = true;
    try {
      await (isNew ? this.#register() : this.#signIn());
    } catch (error) {
      this.#explain(error);
    } finally {
      this.submit.disabled = false;
    }
  }

  async #signIn() {
    const password = this.fields.find((field) => field.name === "password").input.value;
    const code = this.#value("code") || undefined;
    await this.section.session.signIn(this.#value("email"), password, { stay: this.stay.checked, code });
    this.element.close();
  }

  /** Where letters have to be confirmed, or the address was taken, signing in fails: then the letter says what to do. */
  async #register() {
    const email = this.#value("email");
    await this.section.session.register(email, this.#value("display_name"), this.fields.at(-1).input.value);
    try {
      await this.#signIn();
    } catch (error) {
      if (!(error instanceof Problem) || error.isPassing) throw error;
      this.#tellToRead(email);
    }
  }

  #tellToRead(email) {
    const { t } = this.section.words;
    const text = h("p", { tabindex: "-1" }, t("read_your_mail", { email }));
    const goOn = button(t("sign_in"), () => this.open("sign-in"), { class: "primary" });
    fill(this.element, h("h3", { id: "dialog-title" }, t("almost_there")), text, h("div", { class: "row" }, goOn));
    text.focus();
  }

  #complete() {
    const missing = this.fields.filter((field) => !field.input.value.trim());
    for (const field of this.fields) this.#mark(field, missing.includes(field) ? this.section.words.t("missing") : "");
    missing[0]?.input.focus();
    return missing.length === 0;
  }

  #mark(field, message) {
    field.input.setAttribute("aria-invalid", String(Boolean(message)));
    field.note.textContent = message || field.hint;
    field.note.classList.toggle("wrong", Boolean(message));
  }

  #explain(error) {
    if (error instanceof Problem && error.code === "second_factor_required") this.#askForCode();
    const wrong = this.fields.filter((field) => error instanceof Problem && error.saysOf(field.name));
    for (const field of wrong) this.#mark(field, error.saysOf(field.name));
    wrong[0]?.input.focus();
    this.message.hidden = wrong.length > 0;
    this.message.textContent = this.section.explain(error);
  }
}
