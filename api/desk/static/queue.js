// What the moderator has in front of them: the list, the place in it, what is selected. Knows nothing of how it looks.

import { get } from "./server.js";

const PAGE = 60;
const AHEAD = 30;
export const WAITING = ["held", "flagged", "appealed", "all"];
export const NO_FILTER = { site: "", article: "", author: "", reason: "", label: "", q: "" };

/** Whether its author waits for a second look at a refusal. */
export const isAppealed = (item) => item.appeal?.status === "waiting";

export class Queue extends EventTarget {
  items = [];
  counts = null;
  oldestAt = null;
  currentId = null;
  selected = new Set();
  isLoading = true;
  /** The list is not what was asked for last: it could not be loaded. */
  isStale = false;
  /** Not to be shown, although the server still lists them: decisions that are on their way. */
  hidden = new Set();
  #cursor = null;
  #round = 0;
  #uncounted = new Map();
  #countedAt = 0;

  constructor(filter) {
    super();
    this.filter = filter;
  }

  get isWaitingList() {
    return WAITING.includes(this.filter.status);
  }

  get current() {
    return this.items.find((item) => item.id === this.currentId) ?? null;
  }

  get index() {
    return this.items.findIndex((item) => item.id === this.currentId);
  }

  get hasMore() {
    return this.#cursor !== null;
  }

  /** Decided, and not known to be out of the server's counts yet. */
  get uncountedIds() {
    return [...this.#uncounted.keys()];
  }

  /** The server's counts without what was decided since it counted. */
  get shownCounts() {
    if (this.counts === null) return null;
    const shown = { ...this.counts };
    for (const { queues } of this.#uncounted.values()) for (const queue of queues) shown[queue] = Math.max(0, shown[queue] - 1);
    return shown;
  }

  /** How many wait that the list does not have. Only known when its end is loaded. */
  get newcomers() {
    if (!this.isWaitingList || this.hasMore || this.counts === null) return 0;
    const waiting = this.items.filter((item) => !item.settled).length;
    return Math.max(0, this.shownCounts[this.filter.status] - waiting);
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }

  narrow(filter) {
    this.filter = { ...this.filter, ...filter };
    this.selected.clear();
    return this.load();
  }

  /** Load from the beginning, and stay where the moderator was if that is still there. */
  async load(firstId = this.currentId) {
    const round = ++this.#round;
    this.isLoading = this.isStale = true;
    this.changed();
    const askedAt = performance.now();
    let page;
    try {
      page = await get("/review-queue", { ...this.filter, limit: PAGE });
    } finally {
      if (round === this.#round) this.isLoading = false;
      this.changed();
    }
    if (round !== this.#round) return;
    this.isStale = false;
    this.#take(page, [], askedAt);
    this.currentId = this.items.some((item) => item.id === firstId) ? firstId : this.items[0]?.id ?? null;
    for (const id of this.selected) if (!this.items.some((item) => item.id === id)) this.selected.delete(id);
    this.changed();
  }

  async more() {
    if (!this.hasMore || this.isLoading) return;
    const round = this.#round;
    this.isLoading = true;
    try {
      const askedAt = performance.now();
      const page = await get("/review-queue", { ...this.filter, limit: PAGE, cursor: this.#cursor });
      if (round !== this.#round) return;
      this.#take(page, this.items, askedAt);
    } finally {
      if (round === this.#round) this.isLoading = false;
    }
    this.currentId ??= this.items[0]?.id ?? null;
    this.changed();
  }

  #take(page, before, askedAt) {
    const known = new Set(before.map((item) => item.id));
    this.items = [...before, ...page.items.filter((item) => !known.has(item.id) && !this.hidden.has(item.id))];
    this.#cursor = page.next_cursor;
    this.counted(page, askedAt);
  }

  goTo(id) {
    const before = this.current;
    if (before?.settled && id !== before.id) this.items = this.items.filter((item) => item !== before);
    this.currentId = id;
    this.changed();
    if (this.items.length - this.index <= AHEAD) this.more();
  }

  step(by) {
    const next = this.items[this.index + by];
    if (next) this.goTo(next.id);
    // What a colleague decided meanwhile is done with, also where nothing comes after it.
    else if (this.current?.settled) this.takeOut([this.currentId]);
    else return false;
    return true;
  }

  toggle(id) {
    if (!this.selected.delete(id)) this.selected.add(id);
    this.changed();
  }

  /** Take items out; the next one that stays becomes the current one. Returns what `putBack` needs. */
  takeOut(ids) {
    const out = new Set(ids);
    const taken = this.items.map((item, index) => ({ item, index })).filter(({ item }) => out.has(item.id));
    const later = this.items.slice(this.index + 1).find((item) => !out.has(item.id));
    const earlier = this.items.slice(0, Math.max(0, this.index)).findLast((item) => !out.has(item.id));
    this.items = this.items.filter((item) => !out.has(item.id));
    if (out.has(this.currentId)) this.currentId = (later ?? earlier)?.id ?? null;
    for (const id of out) this.selected.delete(id);
    this.changed();
    if (this.items.length - this.index <= AHEAD) this.more();
    return taken;
  }

  putBack(item, index, { makeCurrent = true } = {}) {
    if (!this.items.some((one) => one.id === item.id)) this.items.splice(Math.min(index, this.items.length), 0, item);
    else this.replace(item);
    if (makeCurrent || this.currentId === null) this.currentId = item.id;
    this.changed();
  }

  replace(item) {
    this.items = this.items.map((one) => (one.id === item.id ? item : one));
    this.changed();
  }

  /** Leave these out of the counts until the server has counted without them. */
  leaveOutOfCounts(item) {
    if (!this.isWaitingList) return;
    const queues = ["all", ...(item.status === "held" ? ["held"] : []), ...(item.flags.length > 0 ? ["flagged"] : []), ...(isAppealed(item) ? ["appealed"] : [])];
    this.#uncounted.set(item.id, { queues, carriedOut: null });
  }

  carriedOut(id) {
    const entry = this.#uncounted.get(id);
    if (entry) entry.carriedOut = performance.now();
  }

  countAgain(id) {
    this.#uncounted.delete(id);
  }

  /**
   * New counts, asked for at `askedAt`: decisions carried out before that are in them, and so are those of which the same
   * answer says so (`isOut`), although the answer to the decision itself is still on its way.
   */
  counted(state, askedAt, isOut = () => false) {
    if (askedAt < this.#countedAt) return;
    this.#countedAt = askedAt;
    this.counts = state.counts;
    this.oldestAt = state.oldest_at;
    for (const [id, { carriedOut }] of this.#uncounted) {
      if ((carriedOut !== null && carriedOut < askedAt) || isOut(id)) this.#uncounted.delete(id);
    }
    this.changed();
  }
}
