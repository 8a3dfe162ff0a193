// The list of comments: pages, order, the way to a single comment, and word of new ones.

import { Problem, path } from "./api.js";
import { CommentView } from "./comment.js";
import { button, fill, h } from "./dom.js";

const FIRST_PAGE = 20;
const NEXT_PAGE = 50;
const SORTS = ["newest", "oldest", "top"];
const LINK = /^#comment-([0-9a-f-]{36})$/;

export class Thread {
  views = new Map();
  #cursor = null;
  #round = 0;

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
    this.list = h("ol", { class: "list", role: "list", "aria-label": t("comments") });
    this.foot = h("div", { class: "foot" });
    this.empty = h("p", { class: "muted", hidden: true }, t("no_comments"));
    const parts = [this.order, this.linked, this.news, this.list, this.empty, this.foot];
    this.element = h("div", { class: "thread" }, parts);
  }

  /** The first page, from scratch. */
  async load() {
    const round = ++this.#round;
    this.list.setAttribute("aria-busy", "true");
    try {
      const page = await this.#page({ limit: FIRST_PAGE });
      // Somebody chose another order meanwhile.
      if (round !== this.#round) return;
      this.views.clear();
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
    const page = await this.#page({ limit: Math.min(100, Math.max(FIRST_PAGE, this.list.children.length)) });
    for (const comment of page.items) this.add(comment);
    const isNobody = !this.section.session.account;
    for (const view of this.views.values()) if (isNobody) view.update({ own_vote: 0, is_own: false });
  }

  async #page(query) {
    try {
      return await this.section.api.get(`${this.section.place}/comments?${new URLSearchParams({ sort: this.sort, ...query })}`);
    } catch (error) {
      // Nobody has registered the article and nobody has commented yet.
      if (error instanceof Problem && error.code === "article_not_found") return { items: [], next_cursor: null };
      throw error;
    }
  }

  #append(page) {
    const { t } = this.section.words;
    const added = page.items.filter((comment) => !this.views.has(comment.id)).map((comment) => this.add(comment));
    this.#cursor = page.next_cursor;
    const more = button(t("more_comments"), (event) => this.#more(event.currentTarget), { class: "wide" });
    fill(this.foot, this.#cursor && more);
    this.settle();
    return added;
  }

  /** What depends on how many comments there are. */
  settle() {
    this.order.hidden = this.list.children.length < 2;
    this.empty.hidden = this.list.children.length > 0;
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
    const list = above?.replies ?? this.list;
    list[first ? "prepend" : "append"](view.element);
    return view;
  }

  remove(view) {
    this.views.delete(view.comment.id);
    view.element.remove();
  }

  /** So many more are published than this page knows: say so, and leave the reader in peace. */
  announce(count) {
    const label = this.section.words.n("new_comments", count);
    if (this.news.textContent === label) return;
    fill(this.news, button(label, () => this.#showNew(), { class: "wide" }));
    this.section.say(label);
  }

  async #showNew() {
    const known = new Set(this.views.keys());
    this.sort = this.select.value = "newest";
    await this.load();
    await this.section.recount();
    const fresh = [...this.views.values()].filter((view) => !known.has(view.comment.id));
    for (const view of fresh) {
      view.isNew = true;
      view.update(view.comment);
    }
    this.go(fresh[0] ?? [...this.views.values()][0]);
  }

  go(view) {
    if (!view) return;
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
    const chain = [];
    try {
      for (let next = id; next && !this.views.has(next); next = chain[0].parent_id) {
        chain.unshift(await this.section.api.get(path("comments", next)));
      }
    } catch (error) {
      if (!chain.length) return this.#tellMissing(error);
    }
    if (chain[0].article.id !== this.section.article) return;
    this.#showChain(chain);
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
