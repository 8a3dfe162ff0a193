// The reader's own comments: those that only they see, and what becomes of them while they read or stay away.

import { mayAppeal } from "./appealing.js";
import { fill, h } from "./dom.js";
import { announcement, isAppealed } from "./standing.js";
import { lasting } from "./storing.js";

const LIMIT = 100;
const NEWS_FOR_MS = 14 * 86_400_000;
const DISMISSED = "dismissed";
const MOST_DISMISSED = 200;

export class Own {
  #comments = [];

  constructor(section) {
    this.section = section;
    this.list = h("ol", { class: "list", role: "list" });
    this.element = h("section", { class: "mine", hidden: true, "aria-labelledby": "mine" });
    this.element.append(h("h3", { id: "mine" }, section.words.t("only_you")), this.list);
  }

  /** Whether something of it is still undecided, and how soon: "screening" takes seconds, "held" takes a person. */
  get waiting() {
    const states = this.#comments.map((comment) => comment.status);
    return states.includes("screening") ? "screening" : states.includes("held") || this.#comments.some(isAppealed) ? "held" : null;
  }

  fetch() {
    const { site, article } = this.section;
    return this.section.api.get(`/accounts/me/comments?${new URLSearchParams({ site, article, limit: LIMIT })}`);
  }

  /** Look what became of them, and tell what is new. */
  async refresh() {
    if (!this.section.session.account) return this.#show([]);
    const { items } = await this.fetch();
    const known = this.#known;
    for (const comment of items) this.#offer(comment, { wasShown: true });
    this.#show(items);
    for (const comment of items) {
      const before = known[comment.id];
      if (before && before !== signOf(comment)) this.#tell(comment);
    }
    this.#remember();
  }

  /** Off the page with it: the list is being loaded anew. */
  clear() {
    fill(this.list);
  }

  /** After the list was loaded anew. */
  settle() {
    for (const comment of [...this.#comments].reverse()) if (this.#isWorthShowing(comment)) this.#place(comment);
    this.#frame();
  }

  /** A comment that was just written or changed. */
  take(comment) {
    this.#offer(comment, { wasShown: comment.revision > 1 });
    this.#comments = [comment, ...this.#comments.filter((one) => one.id !== comment.id)];
    this.#remember();
    return this.#tell(comment);
  }

  /** Nobody is told of their own comment as of a new one. */
  #offer(comment, { wasShown }) {
    const before = this.#comments.find((one) => one.id === comment.id);
    const wasPublic = before ? isPublic(before) : wasShown;
    if (isPublic(comment) && !wasPublic) this.section.offered += 1;
  }

  forget(id) {
    this.#show(this.#comments.filter((one) => one.id !== id));
  }

  /** The reader has seen it. */
  dismiss(view) {
    view.isNews = false;
    lasting.set(DISMISSED, [...(lasting.get(DISMISSED) ?? []).slice(-MOST_DISMISSED), signOf(view.comment)]);
    if (isPublic(view.comment) || view.replies.children.length) {
      view.update(view.comment);
      view.card.focus({ preventScroll: true });
    } else this.section.thread.take(view);
    this.#frame();
  }

  isDismissed(comment) {
    return (lasting.get(DISMISSED) ?? []).includes(signOf(comment));
  }

  #tell(comment) {
    const view = this.#place(comment);
    if (view) {
      view.isNews = true;
      view.update(comment);
    }
    this.#frame();
    this.section.say(announcement(this.section.words, comment));
    return view;
  }

  #show(comments) {
    this.#comments = comments;
    const ids = new Set(comments.map((comment) => comment.id));
    for (const view of this.section.thread.views.values()) {
      const isMine = view.element.parentElement === this.list || view.comment.is_own;
      if (isMine && !ids.has(view.comment.id) && view.comment.status !== "published") this.section.thread.remove(view);
    }
    this.settle();
  }

  #isWorthShowing(comment) {
    if (this.section.thread.views.has(comment.id)) return true;
    if (isPublic(comment)) return false;
    if (comment.status !== "rejected") return true;
    if (isAppealed(comment)) return true;
    const changed = Date.parse(comment.appeal?.decided_at ?? comment.edited_at ?? comment.created_at);
    return (Date.now() - changed < NEWS_FOR_MS || mayAppeal(comment)) && !this.isDismissed(comment);
  }

  /**
   * Under its parent if that is on the page; else above the list, where nobody but its author sees it. With replies it
   * stays where they are: others do see those.
   */
  #place(comment) {
    const { thread } = this.section;
    const parent = thread.views.get(comment.parent_id);
    const view = thread.add(comment, parent, { first: !parent });
    const isAbove = view.element.parentElement === this.list;
    if (!parent && !isPublic(comment) && !view.replies.children.length) this.list.prepend(view.element);
    if (!parent && isPublic(comment) && isAbove) thread.lead(view);
    return view;
  }

  #frame() {
    this.element.hidden = this.list.children.length === 0;
    this.section.thread.settle();
  }

  get #memory() {
    return ["seen", this.section.site, this.section.article, this.section.session.owner].join(":");
  }

  get #known() {
    return lasting.get(this.#memory) ?? {};
  }

  #remember() {
    const recent = this.#comments.slice(0, LIMIT).map((comment) => [comment.id, signOf(comment)]);
    lasting.set(this.#memory, Object.fromEntries(recent));
  }
}

const isPublic = (comment) => comment.status === "published" || comment.published_revision != null;
const signOf = ({ id, revision, status, appeal }) => [id, revision, status, ...(appeal ? [appeal.status] : [])].join(":");
