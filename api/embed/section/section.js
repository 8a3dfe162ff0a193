// The comment section: a custom element that a page's styles cannot reach into, and what its parts share.

import { AccountDialog } from "./account.js";
import { Api, Problem, Unanswered, path } from "./api.js";
import { Composer } from "./composer.js";
import { button, fill, h } from "./dom.js";
import { Own } from "./own.js";
import { comeBack } from "./provider.js";
import { Pulse } from "./pulse.js";
import { Session } from "./session.js";
import { SignInDialog } from "./signin.js";
import { tidyDrafts } from "./storing.js";
import { Thread } from "./thread.js";
import { Voice } from "./voice.js";
import { Words } from "./words.js";
import STYLE from "./style.css";

/** Until the server has told more. */
const UNKNOWN = {
  article: { known: true, closed: false },
  limits: { min_length: 1, max_length: 5000, shown_depth: 3 },
  sign_in: { reset_url: null, providers: [] },
  comments: 0,
};

/** Time enough for a screen reader to notice a text. */
const SAID_FOR_MS = 5_000;

export class Section {
  info = UNKNOWN;
  /** How many published comments the reader has been offered: the ones beyond it are announced. */
  offered = 0;
  #saying;

  constructor(host, base) {
    this.host = host;
    this.base = base;
    this.options = host.dataset;
    this.site = host.dataset.site;
    this.article = host.dataset.article;
    this.place = path("sites", this.site, "articles", this.article);
    this.words = new Words(host.dataset.lang ?? host.closest("[lang]")?.lang);
    this.api = new Api(base, this.words.language);
    this.session = new Session(this.api);
    this.#build();
    this.pulse = new Pulse(this);
  }

  #build() {
    const { t } = this.words;
    const level = Math.min(5, Math.max(1, Number(this.options.heading) || 2));
    this.heading = h(`h${level}`, { id: "heading", tabindex: "-1" });
    this.account = h("div", { class: "account" });
    this.status = h("p", { class: "unseen", role: "status", "aria-live": "polite" });
    this.write = h("div", { class: "write" });
    this.voice = new Voice(this);
    this.own = new Own(this);
    this.thread = new Thread(this);
    this.dialog = new SignInDialog(this);
    this.accountDialog = new AccountDialog(this);
    this.trouble = h("div", { class: "trouble" });
    const parts = [this.write, this.trouble, this.own.element, this.thread.element, this.status, this.dialog.element, this.accountDialog.element];
    const root = h("section", { class: "root", lang: this.words.language, "aria-labelledby": "heading" });
    root.append(h("header", { class: "top" }, this.heading, this.account), ...parts);
    this.heading.append(t("comments"));
    this.shadow = this.host.attachShadow({ mode: "open" });
    this.shadow.adoptedStyleSheets = [sheet()];
    this.shadow.append(root);
  }

  async start() {
    tidyDrafts();
    addEventListener("storage", this.#otherTab);
    addEventListener("hashchange", this.#follow);
    addEventListener("pagehide", this.#save);
    this.session.addEventListener("change", (event) => this.#somebodyElse(event.detail));
    if (this.options.token !== undefined) await this.present(this.options.token);
    const back = await comeBack(this);
    await this.load();
    this.pulse.start();
    if (back) this.#welcome(back);
  }

  /** After a sign-in with a provider: on with the text that was begun, or why it did not succeed. */
  #welcome({ problem }) {
    if (problem) fill(this.trouble, h("p", { class: "problem", role: "alert" }, problem));
    if (!this.composer) return;
    this.composer.element.scrollIntoView({ block: "center" });
    if (!problem) this.composer.focus();
  }

  /** Sign in the site's own reader. A token that is refused is the developers' business: readers read on. */
  async present(token) {
    delete this.host.dataset.token;
    try {
      await this.session.present(this.site, token);
    } catch (error) {
      console.warn(`vorab: the site's token was not accepted (${error.code ?? "no answer"}). ${error.message}`);
    }
  }

  stop() {
    this.#save();
    removeEventListener("storage", this.#otherTab);
    removeEventListener("hashchange", this.#follow);
    removeEventListener("pagehide", this.#save);
    this.pulse.stop();
  }

  async load() {
    try {
      this.info = await this.api.get(`${this.place}/section`);
      this.offered = this.info.comments;
      fill(this.trouble);
    } catch (error) {
      this.#unavailable(error);
      if (error.status === 404) return;
    }
    this.#count();
    this.#showAccount();
    this.#showWriting();
    await this.thread.load();
    await Promise.all([this.voice.refresh(), this.own.refresh().catch(() => {})]);
    this.#replaceStatic();
    this.tell("ready", { comments: this.info.comments });
    await this.thread.follow();
  }

  /** Nothing but a way to try again; what was written stays in its draft. */
  #unavailable(error) {
    const again = button(this.words.t("try_again"), () => this.load(), { class: "link" });
    fill(this.trouble, h("p", { class: "problem", role: "alert" }, this.explain(error), " ", again));
    if (error instanceof Unanswered) console.warn(`vorab: no answer from ${this.base}. Is ${location.origin} one of the origins of the site "${this.site}"?`);
  }

  /** The HTML that the page's server included for readers without JavaScript. */
  #replaceStatic() {
    for (const part of document.querySelectorAll("[data-vorab-static]")) {
      if (part.dataset.vorabStatic === `${this.site}/${this.article}`) part.remove();
    }
  }

  #count() {
    const { comments } = this.info;
    fill(this.heading, comments ? this.words.n("count", comments) : this.words.t("comments"));
  }

  #showAccount() {
    const { t } = this.words;
    const { account } = this.session;
    if (!account) return fill(this.account);
    const desk = account.role !== "reader" && h("a", { href: `${this.base}/desk` }, t("to_the_desk"));
    const name = h("bdi", null, account.display_name);
    return fill(
      this.account,
      h("span", null, t("signed_in_as"), " ", name),
      desk,
      button(t("my_account"), () => this.accountDialog.open(), { class: "link" }),
      button(t("sign_out"), () => this.session.signOut(), { class: "link" }),
    );
  }

  #showWriting() {
    const { t } = this.words;
    if (this.info.article.closed) return fill(this.write, h("p", { class: "calm" }, t("closed")));
    this.composer ??= new Composer(this, "new", { ondone: (made) => this.posted(made) });
    const title = h("h3", null, t("write"));
    const open = (kind) => () => this.dialog.open(kind, "why_comment").then((isIn) => isIn && this.composer.focus());
    const gate = !this.session.account && [
      h("p", { class: "gate" }, t("must_sign_in")),
      h("div", { class: "row" }, button(t("sign_in"), open("sign-in"), { class: "primary" }), button(t("register"), open("register"))),
      h("p", { class: "muted" }, t("write_early")),
    ];
    // The form is moved, never rebuilt: whoever is typing in it goes on.
    if (this.composer.element.isConnected) this.write.querySelectorAll(":scope > :not(form)").forEach((part) => part.remove());
    else this.write.append(this.composer.element);
    this.composer.element.before(...[title, gate, this.voice.element].flat().filter(Boolean));
    return this.composer.refresh();
  }

  async #somebodyElse({ expired }) {
    if (this.session.account) fill(this.trouble);
    this.#showAccount();
    this.#showWriting();
    for (const composer of this.#composers) composer.restore();
    if (expired) this.say(this.words.t("session_over"));
    this.tell(this.session.account ? "signin" : "signout");
    await this.thread.sync().catch(() => {});
    await this.renewed();
  }

  /** What the server knows of the reader has changed. */
  async renewed() {
    await Promise.all([this.voice.refresh(), this.own.refresh().catch(() => {})]);
  }

  get #composers() {
    return [this.composer, ...[...this.thread.views.values()].map((view) => view.composer)].filter(Boolean);
  }

  #save = () => this.#composers.forEach((composer) => composer.save());
  #follow = () => this.thread.follow();

  /** The same reader in another tab: signed in or out, or went on writing there. */
  #otherTab = (event) => {
    this.session.follow(event);
    for (const composer of this.#composers) composer.follow(event);
  };

  /** Whether somebody is signed in, after asking them to. `why` is said in the dialog. */
  demandSignIn(why) {
    return this.session.account ? Promise.resolve(true) : this.dialog.open("sign-in", why);
  }

  posted(comment) {
    this.info.article.known = true;
    const view = this.own.take(comment);
    this.tell("posted", { id: comment.id, status: comment.status });
    this.thread.go(view);
    this.recount().catch(() => {});
    this.pulse.soon();
  }

  withdrawn(view) {
    const isAnswered = view.replies.children.length > 0;
    if (isAnswered) view.update({ status: "removed", is_own: false, author: null });
    this.own.forget(view.comment.id);
    if (isAnswered) view.card.focus({ preventScroll: true });
    else this.thread.take(view);
    this.say(this.words.t("withdrawn"));
    this.recount().catch(() => {});
  }

  /** How many comments are published now. */
  async count() {
    const { counts } = await this.api.get(`${path("sites", this.site)}/counts?${new URLSearchParams({ articles: this.article })}`);
    if (counts[this.article]) this.info.article.known = true;
    return counts[this.article];
  }

  async recount() {
    this.info.comments = await this.count();
    this.#count();
  }

  /** Said of the page with the first comment, if nobody has registered the article. */
  get hint() {
    if (this.info.article.known) return null;
    const canonical = document.querySelector("link[rel=canonical]")?.href ?? "";
    const here = location.origin + location.pathname + location.search;
    const url = this.options.url ?? (canonical.startsWith(`${location.origin}/`) ? canonical : here);
    const title = (this.options.title ?? document.title).replace(/\s+/g, " ").trim().slice(0, 300);
    return { title: title || null, url };
  }

  time(iso) {
    return h("time", { datetime: iso, title: this.words.exactly(iso) }, this.words.ago(iso));
  }

  explain(error) {
    if (error instanceof Unanswered) return this.words.t("unreachable");
    if (error instanceof Problem) return error.message || this.words.t("went_wrong");
    throw error;
  }

  /** To screen readers, when they have finished what they are at. Afterwards it is gone: nobody should find it there again. */
  say(text) {
    clearTimeout(this.#saying);
    this.status.textContent = "";
    this.#saying = setTimeout(() => {
      this.status.textContent = text;
      this.#saying = setTimeout(() => (this.status.textContent = ""), SAID_FOR_MS);
    }, 50);
  }

  /** To the page: no personal data. */
  tell(name, detail = {}) {
    this.host.dispatchEvent(new CustomEvent(`vorab:${name}`, { detail, bubbles: true, composed: true }));
  }

  get focused() {
    return this.shadow.activeElement;
  }
}

let shared;

function sheet() {
  if (!shared) {
    shared = new CSSStyleSheet();
    shared.replaceSync(STYLE);
  }
  return shared;
}
