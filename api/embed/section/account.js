// The reader's own account, in a dialog: where they are signed in, password and address, their data, leaving.

import { button, fill, h } from "./dom.js";
import { MyData } from "./mydata.js";
import { signIns } from "./signins.js";

export class AccountDialog {
  constructor(section) {
    this.section = section;
    this.myData = new MyData(this);
    this.element = h("dialog", {
      class: "dialog",
      "aria-labelledby": "account-title",
      onclick: (event) => event.target === this.element && this.element.close(),
      onclose: () => fill(this.element),
    });
  }

  async open() {
    const { t } = this.section.words;
    this.message = h("p", { class: "problem", role: "alert", hidden: true });
    this.parts = h("div", { class: "parts" });
    const close = h("div", { class: "row" }, button(t("close"), () => this.element.close()));
    fill(this.element, h("h3", { id: "account-title" }, t("my_account")), this.parts, this.message, close);
    this.element.showModal();
    await this.try(async () => this.#show(await this.section.api.get("/accounts/me")));
  }

  #show(account) {
    const own = account.has_password && [this.#part("change_password", () => this.#passwordForm()), this.#part("change_email", () => this.#emailForm(account))];
    fill(this.parts, this.#part("sign_ins", () => signIns(this)), own, this.#part("my_data", () => this.myData.render(account)));
  }

  /** Only one is open at a time, and it is made when it is opened. */
  #part(name, render) {
    const part = h("details", { name: "account" }, h("summary", null, this.section.words.t(name)));
    const body = h("div", { class: "pane" });
    part.append(body);
    part.addEventListener("toggle", () => {
      this.message.hidden = true;
      fill(body, part.open && render());
    });
    return part;
  }

  #passwordForm() {
    const { t } = this.section.words;
    return this.form({
      lead: t("change_password_why"),
      fields: [this.field("current_password", "current-password"), this.field("password", "new-password", { hint: t("password_hint"), label: "new_password" })],
      action: t("change_password_do"),
      send: (values) => this.section.api.call("PUT", "/accounts/me/password", values),
      done: () => t("password_changed"),
    });
  }

  #emailForm({ email }) {
    const { t } = this.section.words;
    return this.form({
      lead: t("change_email_why", { email }),
      fields: [this.field("email", "email", { type: "email", label: "new_email" }), this.field("current_password", "current-password")],
      action: t("change_email_do"),
      send: (values) => this.section.api.call("PUT", "/accounts/me/email", values),
      done: (answer) => t("email_asked", answer),
    });
  }

  field(name, autocomplete, { type = "password", label = name, hint = "" } = {}) {
    const id = `account-${name}`;
    const input = h("input", { id, name, type, autocomplete, required: true, "aria-describedby": `${id}-note` });
    const note = h("p", { id: `${id}-note`, class: "note" }, hint);
    return { name, hint, input, note, row: h("div", { class: "field" }, h("label", { for: id }, this.section.words.t(label)), input, note) };
  }

  /** A form that says beside each field what is wrong with it, and gives way to a sentence when it is done. */
  form({ lead, fields, action, send, done }) {
    const submit = h("button", { class: "primary", type: "submit" }, action);
    const form = h("form", { novalidate: true }, h("p", null, lead), fields.map((field) => field.row), h("div", { class: "row" }, submit));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      submit.disabled = true;
      const values = Object.fromEntries(fields.map(({ name, input }) => [name, input.value]));
      await this.try(async () => this.#finish(form, done(await send(values))), fields);
      submit.disabled = false;
    });
    return form;
  }

  #finish(form, words) {
    const said = h("p", { class: "done", role: "status", tabindex: "-1" }, words);
    fill(form, said);
    said.focus();
  }

  async try(work, fields = []) {
    this.message.hidden = true;
    for (const field of fields) mark(field, "");
    try {
      await work();
    } catch (error) {
      const wrong = fields.filter(({ name }) => error.saysOf?.(name));
      for (const field of wrong) mark(field, error.saysOf(field.name));
      wrong[0]?.input.focus();
      this.message.textContent = this.section.explain(error);
      this.message.hidden = wrong.length > 0;
      this.message.scrollIntoView({ block: "nearest" });
    }
  }
}

function mark(field, problem) {
  field.input.setAttribute("aria-invalid", String(Boolean(problem)));
  field.note.textContent = problem || field.hint;
  field.note.classList.toggle("wrong", Boolean(problem));
}
