// Carrying out decisions: the next comment is there at once, the decision is sent behind it, and nothing is overwritten.

import { lasting, passing, dismiss } from "./notices.js";
import { isAppealed } from "./queue.js";
import { Problem, Unreachable, call, get } from "./server.js";
import { ago, count, page, reason, t } from "./texts.js";

const RETRY_MS = 2000;
const MOST_AT_ONCE = 100;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Decisions extends EventTarget {
  #queue;
  #chain = Promise.resolve();
  #underWay = 0;
  #made = [];

  constructor(queue) {
    super();
    this.#queue = queue;
    window.addEventListener("beforeunload", (event) => this.#underWay > 0 && event.preventDefault());
  }

  /** Decide about items as they are shown. `decision` has action, reason_code and note. */
  decide(items, decision) {
    const queue = this.#queue;
    const open = items.filter((item) => !queue.hidden.has(item.id));
    if (open.length === 0) return;
    const places = queue.items.map((item) => item.id);
    for (const item of open) {
      queue.hidden.add(item.id);
      queue.leaveOutOfCounts(item);
    }
    const entries = open.map((item) => ({ item, index: places.indexOf(item.id), decision }));
    if (queue.isWaitingList) queue.takeOut(open.map((item) => item.id));
    else if (!queue.step(1)) queue.changed();
    const said = passing(done(open, decision), { text: t("undo"), shortcut: "u", run: () => this.undo() });
    this.#send(entries, said);
  }

  #send(entries, said) {
    this.#underWay += 1;
    this.#chain = this.#chain.then(async () => {
      const carriedOut = [];
      for (let at = 0; at < entries.length; at += MOST_AT_ONCE) carriedOut.push(...await this.#carryOut(entries.slice(at, at + MOST_AT_ONCE)));
      if (carriedOut.length > 0) this.#made.push(carriedOut);
      else said.remove();
      this.dispatchEvent(new Event("settled"));
    }).catch(unexpected).finally(() => {
      this.#underWay -= 1;
    });
  }

  async #carryOut(entries) {
    const carriedOut = [];
    const results = await this.#insist(() => (entries.length === 1 ? one(entries[0]) : many(entries)));
    for (const [at, entry] of entries.entries()) {
      const result = results[at];
      this.#queue.hidden.delete(entry.item.id);
      if (result.ok) {
        this.#queue.carriedOut(entry.item.id);
        carriedOut.push({ ...entry, version: result.decision.version, at: Date.now() });
        if (!this.#queue.isWaitingList) await this.#renew(entry.item.id);
      } else await this.#explain(entry, result.problem, carriedOut);
    }
    return carriedOut;
  }

  /** Without a connection the same is sent again until there is one. */
  async #insist(work) {
    for (;;) {
      try {
        const result = await work();
        dismiss("unreachable");
        return result;
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        lasting("unreachable", count("unsent", this.#underWay));
        await wait(RETRY_MS);
      }
    }
  }

  /** It was not carried out: say why, and show the comment again if there is still something to decide. */
  async #explain(entry, problem, carriedOut) {
    const { item, index, decision } = entry;
    this.#queue.countAgain(item.id);
    const fresh = await this.#fetch(item.id);
    if (fresh === null) return this.#conflict(entry, t("conflict.withdrawn"), null);
    const latest = fresh.decision;
    if (latest?.actor === page.account && latest.action === decision.action && fresh.version !== item.version && problem.code === "stale_review" && entry.isRetry) {
      carriedOut.push({ ...entry, version: fresh.version, at: Date.now() });
      return undefined;
    }
    if (problem.code !== "stale_review") {
      this.#queue.putBack(fresh, index);
      return lasting(`refused-${item.id}`, `${t("not_carried_out")} ${problem.detail}`);
    }
    if (fresh.queued_at !== null) {
      const isAppeal = isAppealed(fresh) && !isAppealed(item);
      this.#queue.putBack({ ...fresh, isChanged: fresh.body !== item.body }, index);
      return lasting(`conflict-${item.id}`, t(isAppeal ? "conflict.appealed" : "conflict.edited", { author: item.author.display_name, wish: wish(decision) }));
    }
    return this.#conflict(entry, t("conflict.decided", {
      who: latest?.actor ?? t("machine"), what: t(`done.${latest?.action ?? "hold"}`), ago: latest ? ago(latest.decided_at) : "",
      author: item.author.display_name, wish: wish(decision) }), fresh);
  }

  #conflict({ item, index }, text, fresh) {
    this.#queue.changed();
    const look = fresh && { text: t("look"), run: () => this.#queue.putBack({ ...fresh, settled: { ...settled(fresh), look: true } }, index) };
    lasting(`conflict-${item.id}`, text, ...(look ? [look] : []));
  }

  /** Take the latest decision of ours back, or all that were made with one key. */
  undo() {
    // Behind whatever is still being sent, so that the decision that was just made is the one that is undone.
    this.#underWay += 1;
    this.#chain = this.#chain.then(async () => {
      const latest = this.#made.pop();
      if (latest === undefined || Date.now() - latest[0].at > page.undo_window_s * 1000) return passing(t("nothing_to_undo"));
      const back = [];
      for (const entry of latest) if (await this.#takeBack(entry)) back.push(entry);
      if (back.length > 0) passing(count("undone", back.length, { author: back[0].item.author.display_name }));
      this.dispatchEvent(new Event("settled"));
      return undefined;
    }).catch(unexpected).finally(() => {
      this.#underWay -= 1;
    });
    return this.#chain;
  }

  async #takeBack({ item, index, version }) {
    try {
      await this.#insist(() => call("DELETE", `/review-queue/${item.id}/decision`, { query: { version } }));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      lasting(`undo-${item.id}`, t("not_undone", { author: item.author.display_name, detail: error.message }));
      return false;
    }
    this.#queue.countAgain(item.id);
    const fresh = await this.#fetch(item.id);
    if (fresh !== null) this.#queue.putBack(fresh, index);
    return true;
  }

  async #renew(id) {
    const fresh = await this.#fetch(id);
    if (fresh !== null) this.#queue.replace(fresh);
  }

  async #fetch(id) {
    try {
      return await this.#insist(() => get(`/review-queue/${id}`));
    } catch (error) {
      if (error instanceof Problem) return null;
      throw error;
    }
  }
}

/** What became of a comment that waits no longer, for the line above it. */
export function settled(item) {
  const latest = item.decision;
  return { who: latest?.actor ?? null, action: latest?.action ?? null, at: latest?.decided_at ?? null };
}

function unexpected(error) {
  console.error(error);
  lasting("unexpected", t("unexpected"), { text: t("reload"), run: () => location.reload() });
}

const body = ({ item, decision }) => ({ version: item.version, ...decision });

async function one(entry) {
  try {
    const { content } = await call("PUT", `/review-queue/${entry.item.id}/decision`, { body: body(entry) });
    return [{ ok: true, decision: content }];
  } catch (error) {
    if (error instanceof Unreachable) entry.isRetry = true;
    if (!(error instanceof Problem)) throw error;
    return [{ ok: false, problem: { code: error.code, detail: error.message } }];
  }
}

async function many(entries) {
  try {
    const decisions = entries.map((entry) => ({ comment_id: entry.item.id, ...body(entry) }));
    const { content } = await call("POST", "/review-queue/decisions", { body: { decisions } });
    return content.results;
  } catch (error) {
    if (error instanceof Unreachable) for (const entry of entries) entry.isRetry = true;
    if (!(error instanceof Problem)) throw error;
    return entries.map(() => ({ ok: false, problem: { code: error.code, detail: error.message } }));
  }
}

const wish = ({ action }) => t(`wish.${action}`);

function done(items, { action, reason_code: code }) {
  const what = action === "reject" && code ? t("done.reject_because", { reason: reason(code) }) : t(`done.${action}`);
  return count("decided", items.length, { what, author: items[0].author.display_name });
}
