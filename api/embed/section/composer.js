// Writing: a comment, a reply or a new version of one. What is typed is kept on the device from the first letter on, and
// goes only when the server has said that it has it.

import { Problem, Unanswered, path } from "./api.js";
import { button, fill, h, rich } from "./dom.js";
import { Draft, isAbout } from "./storing.js";
import { askNotice, waitNotice } from "./notices.js";

const SAVE_AFTER_MS = 250;
const WARN_BELOW = 200;
const MOST_TRIES = 8;
const RETRY_MS = [2_000, 5_000, 10_000, 30_000];

export const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

export class Composer {
  #saving;
  #retrying;
  #tries = 0;

  /**
   * @param kind "new", "reply" or "edit"
   * @param options {parent?: comment, comment?: the one that is edited, ondone(comment), oncancel?()}
   */
  constructor(section, kind, options) {
    Object.assign(this, { section, kind, ...options });
    const about = [kind, this.parent?.id ?? this.comment?.id].filter(Boolean).join("-");
    this.draft = new Draft([section.site, section.article, about].join(":"), section.session);
    this.id = `text-${about}`;
    this.element = this.#build();
    this.restore();
  }

  #build() {
    const { t } = this.section.words;
    this.area = h("textarea", {
      id: this.id,
      rows: this.kind === "new" ? 4 : 3,
      dir: "auto",
      "aria-describedby": `${this.id}-left ${this.id}-hint`,
      oninput: () => this.#typed(),
      onkeydown: (event) => this.#keyed(event),
    });
    this.left = h("span", { id: `${this.id}-left`, class: "left" });
    this.shown = h("div", { class: "preview", dir: "auto", role: "region", "aria-label": t("preview"), tabindex: "-1", hidden: true });
    this.notice = h("div", { class: "notices" });
    this.look = button(t("preview"), () => this.#preview(), { "aria-expanded": "false" });
    this.submit = h("button", { class: "primary", type: "submit" });
    const cancel = this.oncancel && button(t("cancel"), () => this.cancel());
    return h(
      "form",
      { class: "composer", onsubmit: (event) => (event.preventDefault(), this.send()) },
      h("label", { for: this.id }, t(`label_${this.kind}`, { name: this.parent?.author?.display_name ?? "" })),
      this.area,
      h("div", { class: "row under" }, this.#hints(), this.left),
      this.shown,
      this.notice,
      h("div", { class: "row" }, this.submit, this.look, cancel),
    );
  }

  #hints() {
    const { t } = this.section.words;
    const rows = ["strong", "em", "quote", "list", "link", "code"].map((name) =>
      h("li", null, h("code", null, t(`hint_${name}`)), " ", t(`hint_${name}_means`)),
    );
    return h("details", { class: "hints", id: `${this.id}-hint` }, h("summary", null, t("hints")), h("ul", null, rows));
  }

  /** Show what was written before; and whether somebody is signed in now. */
  restore() {
    const draft = this.draft.read();
    const isTyping = this.section.focused === this.area && this.area.value;
    // What is still to be kept is newer than what was kept; and it is theirs, or nothing would be found.
    const isNewer = this.#saving && draft;
    if (!isTyping && !isNewer) this.area.value = draft?.body ?? this.comment?.body ?? "";
    this.refresh();
    if (draft?.attempt && this.section.session.account) this.#findOut(draft.attempt);
  }

  /** The same draft was written on, or sent, in another tab. */
  follow(event) {
    if (!isAbout(event, this.draft.key)) return;
    const before = this.area.value;
    const draft = this.draft.read();
    const isMine = this.area.readOnly || (document.hasFocus() && this.section.focused === this.area);
    if (isMine || before === (draft?.body ?? "")) return;
    this.area.value = draft?.body ?? this.comment?.body ?? "";
    if (!draft && before) this.tell("calm", this.section.words.t("gone_elsewhere"));
    this.#hidePreview();
    this.#count();
  }

  refresh() {
    const { t } = this.section.words;
    const isKnown = Boolean(this.section.session.account);
    fill(this.submit, t(isKnown ? `send_${this.kind}` : "sign_in_and_send"));
    this.look.hidden = !isKnown;
    this.#count();
  }

  focus() {
    this.area.focus();
    this.area.setSelectionRange(this.area.value.length, this.area.value.length);
  }

  cancel() {
    this.#stopWaiting();
    if (this.kind === "edit") this.draft.clear();
    else this.save();
    this.oncancel();
  }

  #typed() {
    // The first letters at once, the others a moment later: somebody may be signed in before that.
    if (!this.#saving) this.save();
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => this.save(), SAVE_AFTER_MS);
    this.#count();
    this.#hidePreview();
  }

  #keyed(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.element.requestSubmit();
    if (event.key === "Escape" && this.oncancel) this.cancel();
  }

  save() {
    clearTimeout(this.#saving);
    this.#saving = 0;
    if (this.area.value !== (this.comment?.body ?? "")) this.draft.write({ body: this.area.value });
  }

  #count() {
    const { t, number } = this.section.words;
    const left = this.section.info.limits.max_length - [...this.area.value].length;
    this.left.textContent = left < 0 ? t("too_long_by", { n: number(-left) }) : t("characters_left", { n: number(left) });
    this.left.classList.toggle("wrong", left < 0);
    this.left.classList.toggle("near", left < WARN_BELOW);
    if (left < WARN_BELOW && left % 50 === 0) this.section.say(this.left.textContent);
  }

  async #preview() {
    if (!this.shown.hidden) return this.#hidePreview();
    if (!this.#isSendable()) return;
    try {
      const answer = await this.#ask();
      fill(this.shown, rich(answer.body_html));
      this.shown.hidden = false;
      this.look.setAttribute("aria-expanded", "true");
      this.shown.focus();
    } catch (error) {
      this.#fail(error);
    }
  }

  #hidePreview() {
    this.shown.hidden = true;
    this.look.setAttribute("aria-expanded", "false");
  }

  #ask() {
    const parent = this.parent?.id ?? this.comment?.parent_id ?? null;
    return this.section.api.post(`${this.section.place}/comments/preview`, { body: this.#text, parent_id: parent });
  }

  get #text() {
    return this.area.value.trim();
  }

  #isSendable() {
    const isFull = this.#text.length > 0;
    if (!isFull) {
      this.tell("problem", this.section.words.t("nothing_written"));
      this.area.focus();
    }
    return isFull;
  }

  /** Whether something that was not sent waits here. */
  static isBegun(section, kind, id) {
    return Boolean(new Draft([section.site, section.article, `${kind}-${id}`].join(":"), section.session).read());
  }

  /** What a reader's "send" means: sign in first, look at the text once, then go. */
  async send() {
    this.save();
    this.#stopWaiting();
    if (!this.section.session.account) {
      if (await this.section.demandSignIn("why_comment")) this.focus();
      return;
    }
    if (this.#isSendable() && (await this.#isReady())) await this.#go();
  }

  /** Ask once, kindly, if the screening would not let the text through. Where nobody can say, the text just goes. */
  async #isReady() {
    if (this.draft.read()?.asked) return true;
    this.#busy(true);
    try {
      const answer = await this.#ask();
      // Whoever has an address to confirm is told so already; the text itself is not in question.
      if (answer.outcome === "publish" || answer.reasons.every(({ code }) => code === "address_unconfirmed")) return true;
      this.draft.write({ asked: true });
      this.show(askNotice(this, answer));
      return false;
    } catch (error) {
      if (error instanceof Unanswered || error.isPassing || error.status === 429) return true;
      this.#fail(error);
      return false;
    } finally {
      this.#busy(false);
    }
  }

  async #go() {
    const draft = this.draft.read();
    this.#busy(true);
    try {
      const sent = this.kind === "edit" ? await this.#edit(this.comment.id) : await this.#post(draft?.attempt);
      this.#finish(sent);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#busy(false);
    }
  }

  /** The same text goes with the same key, however often; a changed one corrects the first if that did arrive. */
  async #post(before) {
    if (before && before.body !== this.#text) {
      const arrived = await this.#arrived(before);
      if (arrived) return this.#edit(arrived.id);
    }
    const attempt = before?.body === this.#text ? before : { key: newKey(), body: this.#text, at: Date.now() };
    this.draft.write({ body: this.area.value, attempt });
    const wish = { body: attempt.body, parent_id: this.parent?.id ?? null, article: this.section.hint };
    return this.section.api.post(`${this.section.place}/comments`, wish, { "Idempotency-Key": attempt.key });
  }

  #edit(id) {
    return this.section.api.call("PATCH", path("comments", id), { body: this.#text });
  }

  async #arrived(attempt) {
    const { items } = await this.section.own.fetch();
    return items.find((one) => one.body === attempt.body && Date.parse(one.created_at) > attempt.at - 120_000);
  }

  /** After a reload in the middle of sending: did it arrive? */
  async #findOut(attempt) {
    try {
      const arrived = await this.#arrived(attempt);
      if (arrived && this.#text === attempt.body) this.#finish(arrived);
      else if (!arrived) this.tell("calm", this.section.words.t("not_sent_yet"));
    } catch {
      this.tell("calm", this.section.words.t("not_sent_yet"));
    }
  }

  #finish(comment) {
    this.draft.clear();
    this.area.value = "";
    this.#tries = 0;
    fill(this.notice);
    this.#hidePreview();
    this.#count();
    this.ondone(comment);
  }

  #fail(error) {
    if (error instanceof Unanswered || error.isPassing) return this.#wait(error);
    // A definite no: the next try is a new request.
    this.draft.write({ attempt: undefined });
    if (error.status === 401) return this.#renew();
    this.tell("problem", (error instanceof Problem && error.saysOf("body")) || this.section.explain(error));
    this.area.focus();
  }

  /** The session ended meanwhile. Whoever comes back goes on where they were; somebody else does not send their text. */
  async #renew() {
    const owner = this.section.session.owner;
    this.tell("calm", this.section.words.t("session_over"));
    const isBack = (await this.section.demandSignIn("session_over_send")) && this.section.session.owner === owner;
    if (!isBack) return;
    fill(this.notice);
    await this.send();
  }

  #wait(error) {
    const pause = error.retryAfter * 1000 || RETRY_MS[Math.min(this.#tries, RETRY_MS.length - 1)];
    this.#tries += 1;
    this.area.readOnly = true;
    this.show(waitNotice(this, error));
    if (this.#tries <= MOST_TRIES) this.#retrying = setTimeout(() => this.retry(), pause);
    addEventListener("online", this.retry, { once: true });
  }

  retry = () => {
    this.#stopWaiting();
    this.#go();
  };

  giveUp() {
    this.#stopWaiting();
    fill(this.notice);
    this.area.focus();
  }

  #stopWaiting() {
    clearTimeout(this.#retrying);
    removeEventListener("online", this.retry);
    this.area.readOnly = false;
  }

  #busy(isBusy) {
    this.submit.disabled = isBusy;
    this.element.setAttribute("aria-busy", String(isBusy));
    if (isBusy) fill(this.notice);
  }

  tell(kind, text) {
    this.show(h("p", { class: kind }, text));
    this.section.say(text);
  }

  show(notice) {
    fill(this.notice, notice);
  }

  /** Put the cursor on a passage, given in code points. */
  select({ begin, end }) {
    const before = [...this.area.value.trimStart()].slice(0, begin).join("").length;
    const length = [...this.area.value.trimStart()].slice(begin, end).join("").length;
    const shift = this.area.value.length - this.area.value.trimStart().length;
    this.area.focus();
    this.area.setSelectionRange(shift + before, shift + before + length);
  }

  sendAsItIs() {
    fill(this.notice);
    this.#go();
  }
}
