// What is kept in the reader's browser: a session after signing in, and texts that are not sent yet. No cookie, ever.
// A browser may refuse storage (private windows, settings, a full disk): then things are kept until the page is closed.

const PREFIX = "vorab:";
const DRAFT_DAYS = 60;
const DAY_MS = 86_400_000;

class Store {
  #kind;
  #memory = new Map();

  constructor(kind) {
    this.#kind = kind;
  }

  get(key) {
    try {
      return JSON.parse(window[this.#kind].getItem(PREFIX + key)) ?? this.#memory.get(key);
    } catch {
      return this.#memory.get(key);
    }
  }

  set(key, value) {
    this.#memory.set(key, value);
    try {
      window[this.#kind].setItem(PREFIX + key, JSON.stringify(value));
    } catch {
      // Kept in memory, see above.
    }
  }

  remove(key) {
    this.#memory.delete(key);
    try {
      window[this.#kind].removeItem(PREFIX + key);
    } catch {
      // It was never there.
    }
  }

  keys() {
    try {
      return Object.keys(window[this.#kind])
        .filter((key) => key.startsWith(PREFIX))
        .map((key) => key.slice(PREFIX.length));
    } catch {
      return [];
    }
  }
}

export const lasting = new Store("localStorage");
export const untilClosed = new Store("sessionStorage");

/** Whether a storage event is about this key. */
export const isAbout = (event, key) => event.storageArea === window.localStorage && event.key === PREFIX + key;

/** The draft of one text: {body, owner, at, attempt?: {key, body, at}, asked?}. */
export class Draft {
  constructor(place, session) {
    this.key = `draft:${place}`;
    this.session = session;
  }

  /** What was written here by whoever is reading now. On a shared computer nobody finds another person's text. */
  read() {
    const found = lasting.get(this.key);
    return found && (!found.owner || found.owner === this.session.owner) ? found : null;
  }

  write(changes) {
    const next = { ...this.read(), ...changes, owner: this.session.owner, at: Date.now() };
    if (next.body?.trim() || next.attempt) lasting.set(this.key, next);
    else this.clear();
  }

  clear() {
    lasting.remove(this.key);
  }
}

/** Forget drafts that nobody came back for. */
export function tidyDrafts() {
  for (const key of lasting.keys().filter((name) => name.startsWith("draft:"))) {
    if (!(Date.now() - lasting.get(key)?.at < DRAFT_DAYS * DAY_MS)) lasting.remove(key);
  }
}
