// What colleagues do meanwhile. Asked for every few seconds; an answer that did not change costs a few bytes.

import { passing } from "./notices.js";
import { call, get } from "./server.js";
import { count, page, t } from "./texts.js";

const EVERY_MS = 3000;
const SLOWEST_MS = 60000;
const MOST = 100;

export class Live {
  #queue;
  #etag = null;
  #asked = "";
  #timer = 0;
  #failures = 0;
  #isAsking = false;
  #again = false;

  constructor(queue) {
    this.#queue = queue;
    document.addEventListener("visibilitychange", () => document.hidden || this.now());
    this.#later();
  }

  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(), Math.min(EVERY_MS * 2 ** this.#failures, SLOWEST_MS));
  }

  async now() {
    if (document.hidden) return;
    if (this.#isAsking) {
      this.#again = true;
      return;
    }
    this.#isAsking = true;
    try {
      await this.#ask();
      if (this.#queue.isStale && !this.#queue.isLoading) await this.#queue.load();
      this.#failures = 0;
    } catch {
      this.#failures += 1;
    } finally {
      this.#isAsking = false;
      this.#later();
    }
    if (this.#again) {
      this.#again = false;
      await this.now();
    }
  }

  async #ask() {
    const queue = this.#queue;
    const { sort, ...filter } = queue.filter;
    const underWay = queue.uncountedIds.slice(0, MOST);
    const from = Math.max(0, queue.index - 10);
    const seen = queue.items.slice(from, from + MOST - underWay.length);
    const query = { ...filter, ids: [...underWay, ...seen.map((item) => item.id)].join(",") };
    const asked = JSON.stringify(query);
    const askedAt = performance.now();
    const headers = this.#etag !== null && asked === this.#asked ? { "If-None-Match": this.#etag } : {};
    const { status, etag, content } = await call("GET", "/review-queue/state", { query, headers });
    if (filter !== queue.filter && JSON.stringify({ ...queue.filter }) !== JSON.stringify({ ...filter, sort })) return;
    if (status === 304) {
      queue.counted({ counts: queue.counts, oldest_at: queue.oldestAt }, askedAt);
      return;
    }
    this.#etag = etag;
    this.#asked = asked;
    const states = new Map(content.items.map((state) => [state.id, state]));
    const asking = new Set(underWay);
    await this.#compare(seen, states);
    queue.counted(content, askedAt, (id) => asking.has(id) && !states.get(id)?.is_waiting);
    if (queue.items.length === 0 && queue.newcomers > 0 && !queue.isLoading) await queue.load();
  }

  async #compare(seen, states) {
    const queue = this.#queue;
    const gone = [];
    for (const item of seen) {
      const known = queue.items.find((one) => one.id === item.id);
      if (known === undefined || known.version !== item.version || known.settled || queue.hidden.has(item.id)) continue;
      const state = states.get(item.id);
      const isOver = state === undefined || (queue.isWaitingList && !state.is_waiting);
      if (isOver) gone.push({ item, state });
      else if (state.version !== item.version) await this.#renew(item);
    }
    this.#remove(gone);
  }

  async #renew(item) {
    const fresh = await get(`/review-queue/${item.id}`).catch(() => null);
    if (fresh !== null) this.#queue.replace({ ...fresh, isChanged: fresh.body !== item.body });
  }

  /** Nothing is pulled from under a moderator's eyes: the comment in front of them stays and says what happened. */
  #remove(gone) {
    const queue = this.#queue;
    const others = gone.filter(({ item }) => item.id !== queue.currentId);
    for (const { item, state } of gone) if (item.id === queue.currentId) queue.replace({ ...item, settled: outcome(state) });
    if (others.length === 0) return;
    const away = new Set(others.map(({ item }) => item.id));
    queue.items = queue.items.filter((item) => !away.has(item.id));
    for (const id of away) queue.selected.delete(id);
    queue.changed();
    const names = [...new Set(others.map(({ state }) => state?.actor).filter((name) => name && name !== page.account))];
    if (names.length > 0) passing(count("colleague", others.length, { who: names.join(", ") }));
  }
}

function outcome(state) {
  return { who: state?.actor ?? null, action: state?.action ?? null, at: state?.decided_at ?? null };
}
