// Who is signed in here. The token lies in localStorage, or in sessionStorage for readers who do not want to stay
// signed in; docs/decisions/0032 says why. Other tabs of the same site follow.

import { isAbout, lasting, untilClosed } from "./storing.js";

export class Session extends EventTarget {
  #key;
  #stored;

  constructor(api) {
    super();
    this.api = api;
    this.#key = `session:${api.base}`;
    this.#restore();
    api.onexpired = (token) => token === this.#stored?.token && this.#end({ expired: true });
    /** For storage events: another tab signed in or out. */
    this.follow = (event) => {
      if (!isAbout(event, this.#key)) return;
      this.#restore();
      this.#tell({});
    };
  }

  get account() {
    return this.#stored?.account ?? null;
  }

  /** Whose drafts are shown: those of the account, and after a session has run out still those of its holder. */
  get owner() {
    return this.account?.id ?? lasting.get(`${this.#key}:last`) ?? null;
  }

  /** Whether the site's own sign-in stands for this one. */
  get isOfSite() {
    return this.#stored?.subject != null;
  }

  /** The account is gone, on the server already: nothing of its holder's is kept here either. */
  forget() {
    const { owner } = this;
    const isTheirs = (key) => lasting.get(key).owner === owner || key.endsWith(`:${owner}`);
    lasting.keys().filter(isTheirs).forEach((key) => lasting.remove(key));
    lasting.remove(`${this.#key}:last`);
    this.#end({});
  }

  async signIn(email, password, { stay = true, code } = {}) {
    this.#begin(await this.api.post("/sessions", { email, password, code }), stay);
  }

  async register(email, displayName, password) {
    await this.api.post("/accounts", { email, display_name: displayName, password });
  }

  /** Sign in whoever the site's own token names; an empty one says that nobody is signed in on the site any more. */
  async present(site, token) {
    if (!token) return this.#leave();
    const subject = subjectOf(token);
    // The token is good once; a page that is shown again brings the same one.
    if (subject === null || subject !== this.#stored?.subject) {
      this.#begin(await this.api.post(`/sites/${encodeURIComponent(site)}/sessions`, { token }), true, subject);
    }
  }

  /** Take over a session that another way of signing in has begun: {token, expires_at, account}. */
  adopt(begun, { stay = true } = {}) {
    this.#begin(begun, stay);
  }

  async signOut() {
    // Without a connection the session ends here all the same; on the server it runs out.
    await this.api.call("DELETE", "/sessions/current").catch(() => {});
    lasting.remove(`${this.#key}:last`);
    this.#end({});
  }

  /** Left the site, or run out since: whoever writes here next may be somebody else. */
  #leave() {
    if (this.#kept?.subject == null) return;
    lasting.remove(`${this.#key}:last`);
    this.#end({});
  }

  get #kept() {
    return untilClosed.get(this.#key) ?? lasting.get(this.#key);
  }

  #begin(answer, stay, subject = null) {
    const { id, display_name, role } = answer.account;
    const stored = { token: answer.token, expires_at: answer.expires_at, account: { id, display_name, role }, subject };
    (stay ? lasting : untilClosed).set(this.#key, stored);
    lasting.set(`${this.#key}:last`, id);
    this.#take(stored);
    this.#tell({});
  }

  #end(detail) {
    lasting.remove(this.#key);
    untilClosed.remove(this.#key);
    this.#take(null);
    this.#tell(detail);
  }

  #restore() {
    this.#take(this.#kept);
  }

  #take(stored) {
    this.#stored = stored && Date.parse(stored.expires_at) > Date.now() ? stored : null;
    this.api.token = this.#stored?.token ?? null;
  }

  #tell(detail) {
    this.dispatchEvent(new CustomEvent("change", { detail }));
  }
}

/** Whom a token names. Only the server can tell whether that is true; here it says whether the reader has changed. */
function subjectOf(token) {
  try {
    const claims = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(claims).sub ?? null;
  } catch {
    return null;
  }
}
