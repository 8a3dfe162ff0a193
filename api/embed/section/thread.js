// The list of comments: pages, order, the way to a single comment, and word of new ones.

import { Problem, path } from "./api.js";
import { CommentView } from "./comment.js";
import { button, fill, h } from "./dom.js";

const FIRST_PAGE = 20;
const NEXT_PAGE = 50;
const MOST_NEW = 100;
const SORTS = ["newest", "oldest", "top"];
const LINK = /^#comment-([0-9a-f-]{36})$/;

const NOTHING = { items: [], next_cursor: null };

const part = () => h("ol", { class: "part", role: "none" });

export class Thread {
  views = new Map();
  #cursor = null;
  #round = 0;
  #loading;

  constructor(section) {
    this.section = section;
    const { t } = section.words;
    this.sort = SORTS.includes(section.options.sort) ? section.options.sort : "newest";
    const order = h(
      "select",
      { id: "sort", onchange: () => ((this.sort = order.value), this.load()) },
      SORTS.map((sort) => h("option", { value: sort, selected: sort === this.sort }, t(`sort_${sort}`))),
    );
    this.order = h("div", { class: "order" }, h("label", { for: "sort" }, t("sort")), order);
    this.select = order;
    this.news = h("div", { class: "news" });
    this.linked = h("div");
    // In parts, one for each page: a browser leaves out what is far away, and has a few hundred parts to look through
    // rather than ten thousand comments.
    this.list = h("div", { class: "list", role: "list", "aria-label": t("comments") });
    this.foot = h("div", { class: "foot" });
    this.empty = h("p", { class: "muted", hidden: true }, t("no_comments"));
    const parts = [this.order, this.linked, this.news, this.list, this.empty, this.foot];
    this.element = h("div", { class: "thread" }, parts);
  }

  /** The first page, from scratch. */
  load() {
    this.#loading = this.#reload();
    return this.#loading;
  }

  async #reload() {
    const round = ++this.#round;
    this.list.setAttribute("aria-busy", "true");
    try {
      const page = await this.#page({ limit: FIRST_PAGE });
      // Somebody chose another order meanwhile.
      if (round !== this.#round) return;
      this.views.clear();
      this.section.own.clear();
      fill(this.list);
      fill(this.linked);
      fill(this.news);
      this.#append(page);
      this.section.own.settle();
    } catch (error) {
      this.#fail(error, () => this.load());
    } finally {
      this.list.setAttribute("aria-busy", "false");
    }
  }

  /** The same comments again, for somebody else: after signing in or out. Forms that are open stay open. */
  async sync() {
    // Or a slow first answer would arrive later, and clear away what somebody has begun in between.
    await this.#loading;
    const page = await this.#page({ limit: Math.min(100, Math.max(FIRST_PAGE, this.#size)) });
    for (const comment of page.items) this.add(comment);
    const isNobody = !this.section.session.account;
    for (const view of this.views.values()) if (isNobody) view.update({ own_vote: 0, is_own: false });
  }

  async #page(query) {
    // Nobody has registered the article and nobody has commented yet: there is nothing to ask for.
    if (!this.section.info.article.known) return NOTHING;
    try {
      return await this.section.api.get(`${this.section.place}/comments?${new URLSearchParams({ sort: this.sort, ...query })}`);
    } catch (error) {
      // The same, where nobody could say so before.
      if (error instanceof Problem && error.code === "article_not_found") return NOTHING;
      throw error;
    }
  }

  #append(page) {
    const { t } = this.section.words;
    this.list.append(part());
    const added = page.items.filter((comment) => !this.views.has(comment.id)).map((comment) => this.add(comment));
    this.#cursor = page.next_cursor;
    const more = button(t("more_comments"), (event) => this.#more(event.currentTarget), { class: "wide" });
    fill(this.foot, this.#cursor && more);
    this.settle();
    return added;
  }

  /** What depends on how many comments there are. */
  settle() {
    this.order.hidden = this.#size < 2;
    this.empty.hidden = this.#size > 0;
  }

  get #size() {
    return [...this.list.children].reduce((sum, one) => sum + one.children.length, 0);
  }

  /** First in the list, whatever its order. */
  lead(view) {
    this.#ends("firstElementChild").prepend(view.element);
  }

  #ends(which) {
    if (!this.list.firstChild) this.list.append(part());
    return this.list[which];
  }

  async #more(pressed) {
    pressed.disabled = true;
    try {
      const added = this.#append(await this.#page({ limit: NEXT_PAGE, cursor: this.#cursor }));
      added[0]?.card.focus();
    } catch (error) {
      pressed.disabled = false;
      this.#fail(error, () => this.#more(pressed));
    }
  }

  #fail(error, again) {
    const { t } = this.section.words;
    const message = h("p", { class: "problem", role: "alert" }, this.section.explain(error), " ");
    message.append(button(t("try_again"), again, { class: "link" }));
    fill(this.foot, message);
  }

  /** Show a comment, or what is new of it. Under its parent, at the end of the list, or first in it. */
  add(comment, parent, { first = false } = {}) {
    const known = this.views.get(comment.id);
    if (known) {
      known.update(comment);
      return known;
    }
    const above = parent && parent.level >= this.section.info.limits.shown_depth ? parent.parent : parent;
    const view = new CommentView(this.section, comment, above);
    this.views.set(comment.id, view);
    if (above) above.replies.append(view.element);
    else if (first) this.lead(view);
    else this.#ends("lastElementChild").append(view.element);
    above?.renderMore();
    return view;
  }

  remove(view) {
    this.views.delete(view.comment.id);
    view.element.remove();
  }

  /** The same, for somebody who is in it: they go on beside it, not at the top of the page. */
  take(view) {
    const { nextElementSibling: next, previousElementSibling: before } = view.element;
    this.remove(view);
    const beside = (next ?? before)?.querySelector(".comment");
    (beside ?? view.parent?.card ?? this.section.heading).focus({ preventScroll: true });
  }

  /** So many more are published than the reader was offered: say so, and leave the reader in peace. */
  announce(count) {
    // Some were taken down.
    if (count < 0) this.section.offered += count;
    const label = count > 0 ? this.section.words.n("new_comments", count) : "";
    if (this.news.textContent === label) return;
    fill(this.news, label && button(label, (event) => this.#showNew(event.currentTarget)));
    if (label) this.section.say(label);
  }

  /** What is new, each in its place; the rest of the page stays as it is. */
  async #showNew(pressed) {
    pressed.disabled = true;
    try {
      const { items, total } = await this.#page({ sort: "newest", flat: true, limit: MOST_NEW });
      const unknown = items.filter((comment) => !this.views.has(comment.id)).reverse();
      const fresh = unknown.slice(-Math.max(1, total - this.section.offered));
      for (const comment of fresh) await this.#insert(comment);
      this.section.offered = total;
      fill(this.news);
      this.section.recount().catch(() => {});
      this.#markNew(fresh.map((comment) => this.views.get(comment.id)));
      this.settle();
    } catch (error) {
      pressed.disabled = false;
      this.#fail(error, () => this.#showNew(pressed));
    }
  }

  async #insert(comment) {
    const chain = await this.#chain(comment);
    const isLast = this.sort === "oldest" && !this.#cursor;
    let above = this.views.get(chain[0].parent_id);
    for (const one of chain) above = this.add(one, above, { first: !above && !isLast });
  }

  /** In the order of the page, not of the clock: the reader goes down it. */
  #markNew(fresh) {
    for (const view of fresh) {
      view.isNew = true;
      view.update(view.comment);
    }
    const follows = (one, other) => (one.card.compareDocumentPosition(other.card) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1);
    this.go(fresh.sort(follows)[0]);
  }

  go(view) {
    if (!view) return;
    // What has not been drawn yet has a guessed height. Drawn after the jump, it would push the comment away.
    view.element.closest(".part")?.classList.add("drawn");
    view.card.scrollIntoView({ block: "center" });
    view.card.focus({ preventScroll: true });
  }

  /** Follow a link to a comment of this page, wherever in the list it may be. */
  async follow() {
    const id = LINK.exec(location.hash)?.[1];
    if (!id) return;
    if (!this.views.has(id)) await this.#fetchWithAncestors(id);
    for (const view of this.views.values()) view.card.classList.toggle("linked", view.comment.id === id);
    this.go(this.views.get(id));
  }

  async #fetchWithAncestors(id) {
    let chain;
    try {
      chain = await this.#chain(await this.section.api.get(path("comments", id)));
    } catch (error) {
      return this.#tellMissing(error);
    }
    if (chain[0].article.id === this.section.article) this.#showChain(chain);
  }

  /** The comment with what it answers, up to one that is on the page, the first of its thread, or one that is gone. */
  async #chain(comment) {
    const chain = [comment];
    try {
      while (chain[0].parent_id && !this.views.has(chain[0].parent_id)) {
        chain.unshift(await this.section.api.get(path("comments", chain[0].parent_id)));
      }
    } catch (error) {
      if (error.status !== 404) throw error;
    }
    return chain;
  }

  /** The first of the chain stands under a comment that is there already, or in a place of its own above the list. */
  #showChain(chain) {
    let parent = this.views.get(chain[0].parent_id);
    if (!parent) fill(this.linked, h("h3", null, this.section.words.t("linked")), h("ol", { class: "list", role: "list" }));
    for (const comment of chain) {
      const view = this.add(comment, parent);
      if (!parent) this.linked.lastChild.append(view.element);
      parent = view;
    }
  }

  #tellMissing(error) {
    const text = error.status === 404 ? this.section.words.t("linked_missing") : this.section.explain(error);
    fill(this.linked, h("p", { class: "calm" }, text));
  }
}
