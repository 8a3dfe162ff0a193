// One comment with its replies.

import { path } from "./api.js";
import { appealForm } from "./appealing.js";
import { Composer } from "./composer.js";
import { button, fill, h, icon, rich } from "./dom.js";
import { flagForm } from "./flagging.js";
import { ownState } from "./standing.js";

const UP = "M3 10l5-5 5 5";
const DOWN = "M3 6l5 5 5-5";
const HUES = 12;
const COPIED_FOR_MS = 4_000;

export class CommentView {
  constructor(section, comment, parent) {
    Object.assign(this, { section, comment, parent, level: (parent?.level ?? 0) + 1 });
    this.card = h("article", { class: "comment", tabindex: "-1", "aria-labelledby": `by-${comment.id}` });
    this.below = h("div", { class: "below" });
    this.replies = h("ol", { class: "replies", role: "list" });
    this.more = h("div", { class: "more" });
    this.element = h("li", { id: `c-${comment.id}`, role: "listitem" }, this.card, this.below, this.replies, this.more);
    this.cursor = comment.replies_cursor;
    this.#render();
    for (const reply of comment.replies ?? []) section.thread.add(reply, this);
    this.renderMore();
    if (this.#mayReply && Composer.isBegun(section, "reply", comment.id)) this.reply({ focus: false });
    if (this.#mayEdit && Composer.isBegun(section, "edit", comment.id)) this.edit({ focus: false });
  }

  /** What is known now. The reader's place in the comment, forms and all, stays where it is. */
  update(comment) {
    const at = this.card.contains(this.section.focused) ? this.section.focused.dataset.do : null;
    this.comment = { ...this.comment, ...comment };
    if (!comment.is_own) for (const name of OWN_FIELDS) delete this.comment[name];
    this.#render();
    if (at) (this.card.querySelector(`[data-do="${at}"]`) ?? this.card).focus();
    for (const reply of comment.replies ?? []) this.section.thread.add(reply, this);
  }

  get isRemoved() {
    return this.comment.status === "removed";
  }

  get #isPublic() {
    return this.comment.status === "published" || this.comment.published_revision != null;
  }

  get #mayReply() {
    return this.#isPublic && !this.isRemoved && !this.section.info.article.closed;
  }

  get #mayEdit() {
    return this.comment.is_own && Date.parse(this.comment.editable_until) > Date.now();
  }

  #render() {
    this.card.classList.toggle("own", Boolean(this.comment.is_own));
    this.card.classList.toggle("hidden-from-others", Boolean(this.comment.is_own && !this.#isPublic));
    if (this.isRemoved) return fill(this.card, this.#removed());
    this.body ??= h("div", { class: "body", dir: "auto" });
    fill(this.body, rich(this.comment.body_html));
    fill(this.card, this.#head(), this.body, ownState(this), this.#foot());
  }

  #removed() {
    const { t } = this.section.words;
    return h("p", { class: "muted", id: `by-${this.comment.id}` }, t("removed"));
  }

  #head() {
    const { t } = this.section.words;
    const { author, created_at, edited_at, is_own, id } = this.comment;
    const link = h("a", { class: "when", href: `#comment-${id}`, "data-do": "link" }, this.section.time(created_at));
    return h(
      "header",
      { id: `by-${id}` },
      initial(author),
      h("bdi", { class: "author" }, author.display_name),
      author.is_staff && h("span", { class: "tag staff" }, t("staff")),
      is_own && h("span", { class: "tag" }, t("you")),
      this.#answers(),
      link,
      edited_at && h("span", { class: "muted", title: this.section.words.exactly(edited_at) }, t("edited")),
      this.isNew && h("span", { class: "tag" }, t("new")),
    );
  }

  /** Below the deepest level that is shown, replies stand side by side: then it is said whom they answer. */
  #answers() {
    const answered = this.section.thread?.views.get(this.comment.parent_id);
    if (!answered?.comment.author || answered === this.parent) return null;
    return h("span", { class: "muted" }, this.section.words.t("answers", { name: answered.comment.author.display_name }));
  }

  #foot() {
    const { t } = this.section.words;
    const act = (name, run) => button(t(name), run, { class: "link", "data-do": name });
    return h(
      "footer",
      null,
      this.#isPublic && this.#votes(),
      this.#mayReply && act("reply", () => this.reply()),
      this.#mayEdit && act("edit", () => this.edit()),
      this.comment.is_own && act("withdraw", () => this.#askToWithdraw()),
      this.#isPublic && act("copy_link", () => this.#copyLink()),
      !this.comment.is_own && (this.flagged ? h("span", { class: "muted" }, t("flagged")) : act("flag", () => this.flag())),
    );
  }

  #votes() {
    const { t, number } = this.section.words;
    const { score, own_vote: own, is_own } = this.comment;
    const vote = (value, name, shape) =>
      button(icon(shape), () => this.vote(value), {
        class: "vote",
        "aria-label": t(name),
        title: t(name),
        "aria-pressed": String(own === value),
        "data-do": name,
      });
    const shown = h("span", { class: "score" }, h("span", { class: "unseen" }, t("score")), " ", number(score));
    return h(
      "div",
      { class: "votes", role: "group", "aria-label": t("votes") },
      !is_own && vote(1, "agree", UP),
      shown,
      !is_own && vote(-1, "disagree", DOWN),
    );
  }

  async vote(value) {
    if (!(await this.section.demandSignIn("why_vote"))) return;
    const before = { own_vote: this.comment.own_vote, score: this.comment.score };
    const wanted = before.own_vote === value ? 0 : value;
    this.update({ is_own: this.comment.is_own, own_vote: wanted, score: before.score - before.own_vote + wanted });
    const address = path("comments", this.comment.id, "vote");
    try {
      const answer = wanted
        ? await this.section.api.call("PUT", address, { value: wanted })
        : await this.section.api.call("DELETE", address);
      if (answer) this.update({ is_own: this.comment.is_own, ...answer });
    } catch (error) {
      this.update({ is_own: this.comment.is_own, ...before });
      this.complain(error);
    }
  }

  reply({ focus = true } = {}) {
    const composer = new Composer(this.section, "reply", {
      parent: this.comment,
      oncancel: () => this.#close("reply"),
      ondone: (made) => (this.#close(), this.section.posted(made)),
    });
    this.#open(composer, focus);
  }

  edit({ focus = true } = {}) {
    const composer = new Composer(this.section, "edit", {
      comment: this.comment,
      oncancel: () => this.#close("edit"),
      ondone: (made) => (this.#close(), this.section.posted(made)),
    });
    this.#open(composer, focus);
  }

  /** To the clipboard; where a page may not write there, to the address bar. */
  async #copyLink() {
    const { t } = this.section.words;
    const link = `#comment-${this.comment.id}`;
    const said = await navigator.clipboard?.writeText(new URL(link, location.href).href).then(
      () => "link_copied",
      () => null,
    );
    if (!said) location.hash = link;
    const text = t(said ?? "link_above");
    this.section.say(text);
    const pressed = this.card.querySelector('[data-do="copy_link"]');
    if (pressed) pressed.textContent = text;
    setTimeout(() => pressed && (pressed.textContent = t("copy_link")), COPIED_FOR_MS);
  }

  async flag() {
    if (!(await this.section.demandSignIn("why_flag"))) return;
    const form = flagForm(this, () => this.#close("flag"));
    this.#ask(form, () => form.querySelector("input").focus());
  }

  appeal() {
    const close = () => this.#close("appeal");
    const form = appealForm(this, { oncancel: close, ondone: (comment) => (this.#close(), this.section.own.take(comment), this.card.focus()) });
    this.#ask(form, () => form.querySelector("textarea").focus());
  }

  thanked() {
    this.flagged = true;
    this.#render();
    const thanks = h("p", { class: "calm", tabindex: "-1" }, this.section.words.t("flag_thanks"));
    fill(this.below, thanks);
    thanks.focus();
  }

  #open(composer, focus) {
    this.composer = composer;
    if (focus) this.#ask(composer.element, () => composer.focus());
    else fill(this.below, composer.element);
  }

  /** The whole of a form is in view, not just the field that the browser scrolls to. */
  #ask(form, focus) {
    fill(this.below, form);
    focus();
    form.scrollIntoView({ block: "nearest" });
  }

  #close(backTo) {
    this.composer = null;
    fill(this.below);
    if (backTo) this.card.querySelector(`[data-do="${backTo}"]`)?.focus();
  }

  #askToWithdraw() {
    const { t } = this.section.words;
    const yes = button(t("withdraw"), () => this.#withdraw(), { class: "primary" });
    const no = button(t("cancel"), () => this.#close("withdraw"));
    this.#ask(h("section", { class: "ask" }, h("p", null, t("withdraw_ask")), h("div", { class: "row" }, yes, no)), () => yes.focus());
  }

  async #withdraw() {
    try {
      await this.section.api.call("DELETE", path("comments", this.comment.id));
      this.#close();
      this.section.withdrawn(this);
    } catch (error) {
      this.complain(error);
    }
  }

  complain(error) {
    fill(this.below, h("p", { class: "problem", role: "alert" }, this.section.explain(error)));
  }

  renderMore() {
    const missing = this.isComplete ? 0 : this.comment.reply_count - this.replies.children.length;
    const label = this.section.words.n("more_replies", Math.max(1, missing));
    // Of a comment that a link led to, no reply is there yet, and no cursor.
    const isMore = this.cursor || missing > 0;
    fill(this.more, isMore && button(label, () => this.#loadReplies(), { class: "link" }));
  }

  async #loadReplies() {
    const address = path("comments", this.comment.id, "replies");
    const query = new URLSearchParams({ limit: 50, ...(this.cursor && { cursor: this.cursor }) });
    try {
      const page = await this.section.api.get(`${address}?${query}`);
      const { thread } = this.section;
      const unknown = page.items.find((reply) => !thread.views.has(reply.id));
      for (const reply of page.items) thread.add(reply, this);
      this.cursor = page.next_cursor;
      this.isComplete = !this.cursor;
      this.renderMore();
      thread.views.get(unknown?.id)?.card.focus();
    } catch (error) {
      this.complain(error);
    }
  }
}

const OWN_FIELDS = ["reasons", "decided_by", "explanation", "note", "published_revision", "editable_until", "appealable_until", "appeal"];

function initial(author) {
  const sign = [...author.display_name][0] ?? "?";
  const picture = h("span", { class: "initial", "aria-hidden": "true" }, sign.toUpperCase());
  picture.style.setProperty("--hue", (parseInt(author.id.slice(-4), 16) % HUES) * (360 / HUES));
  return picture;
}
