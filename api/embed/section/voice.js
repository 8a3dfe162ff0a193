// What the site lets the reader do: an address to confirm, a warning to acknowledge, a suspension to wait for.

import { path } from "./api.js";
import { button, fill, h } from "./dom.js";

export class Voice {
  #standing = null;

  constructor(section) {
    this.section = section;
    this.element = h("div", { class: "voice" });
  }

  /** Where nobody can say, writing is left open: the server decides in the end. */
  get mayWrite() {
    return this.#standing?.may_write ?? true;
  }

  get isUnconfirmed() {
    return Boolean(this.#standing?.confirm_address);
  }

  async refresh() {
    const { account } = this.section.session;
    const found = account && (await this.section.api.get(path("sites", this.section.site, "standing")).catch(() => null));
    if (account !== this.section.session.account) return;
    this.#standing = found;
    this.#show();
  }

  #show() {
    const { warnings = [], sanction } = this.#standing ?? {};
    const parts = [warnings.map((warning) => this.#warning(warning)), this.#sanction(sanction), this.isUnconfirmed && this.#address()];
    fill(this.element, ...parts);
    // What is in the form stays there.
    if (this.section.composer) this.section.composer.element.hidden = !this.mayWrite;
  }

  #warning(warning) {
    const { t } = this.section.words;
    const read = button(t("warning_read"), () => this.#acknowledge(warning), { class: "primary" });
    return this.#notice("ask", t("warning_title"), [...this.#said(warning), h("div", { class: "row" }, read)]);
  }

  #sanction(sanction) {
    if (!sanction) return null;
    const kind = sanction.kind === "premoderation" ? "calm" : "ask";
    return this.#notice(kind, this.section.words.t(`sanction_${sanction.kind}`), this.#said(sanction));
  }

  #said({ explanation, note }) {
    const { t } = this.section.words;
    return [h("p", null, explanation), note && h("p", { class: "note" }, t("editors_say"), " ", h("q", null, note))];
  }

  #address() {
    const { t } = this.section.words;
    const again = button(t("confirm_again"), () => this.#resend(again));
    this.answer = h("p", { role: "status" });
    const parts = [h("p", null, t("confirm_why")), h("div", { class: "row" }, again), this.answer];
    return this.#notice("ask", t("confirm_title"), parts);
  }

  #notice(kind, title, parts) {
    return h("section", { class: kind, "aria-label": title }, h("h4", null, title), parts);
  }

  async #acknowledge(warning) {
    try {
      await this.section.api.call("PUT", path("accounts", "me", "warnings", warning.id, "acknowledgement"));
      await this.refresh();
      if (this.mayWrite) this.section.composer?.focus();
    } catch (error) {
      this.element.append(h("p", { class: "problem", role: "alert" }, this.section.explain(error)));
    }
  }

  async #resend(asked) {
    asked.disabled = true;
    try {
      const { email } = await this.section.api.post("/accounts/me/address-confirmation");
      fill(this.answer, this.section.words.t("confirm_sent", { email }));
    } catch (error) {
      if (error.code === "already_confirmed") return this.section.renewed();
      fill(this.answer, this.section.explain(error));
    } finally {
      asked.disabled = false;
    }
  }
}
