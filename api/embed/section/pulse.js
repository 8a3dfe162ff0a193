// Looking again, now and then and only while the page is in view: at own comments that wait, and at how many there are.

const EVERY_MS = { screening: 2_000, held: 30_000 };
const USUALLY_MS = 60_000;
const AT_MOST_MS = 300_000;
const SOON_MS = 1_000;

export class Pulse {
  #timer;
  #failures = 0;
  #looked = Date.now();

  constructor(section) {
    this.section = section;
  }

  start() {
    document.addEventListener("visibilitychange", this.#back);
    this.soon();
  }

  stop() {
    document.removeEventListener("visibilitychange", this.#back);
    clearTimeout(this.#timer);
  }

  soon = () => {
    clearTimeout(this.#timer);
    const usual = EVERY_MS[this.section.own.waiting] ?? USUALLY_MS;
    // Who comes back to a tab after an hour does not wait another minute.
    const left = Math.max(SOON_MS, USUALLY_MS - (Date.now() - this.#looked));
    const pause = Math.min(AT_MOST_MS, Math.min(usual, left) * 2 ** this.#failures);
    // Not all readers of an article at the same moment.
    if (!document.hidden) this.#timer = setTimeout(() => this.#beat(), pause * (0.9 + Math.random() / 5));
  };

  /** Back from their letters, perhaps, where they have opened the link. */
  #back = () => {
    if (document.hidden || !this.section.voice.isUnconfirmed) return this.soon();
    clearTimeout(this.#timer);
    return this.#beat();
  };

  async #beat() {
    try {
      if (this.section.voice.isUnconfirmed) await this.section.voice.refresh();
      if (this.section.own.waiting) await this.section.own.refresh();
      if (Date.now() - this.#looked >= USUALLY_MS * 0.8) await this.#look();
      this.#failures = 0;
    } catch {
      this.#failures += 1;
    }
    this.soon();
  }

  async #look() {
    this.#looked = Date.now();
    for (const time of this.section.shadow.querySelectorAll("time")) {
      const text = this.section.words.ago(time.dateTime);
      if (time.textContent !== text) time.textContent = text;
    }
    this.section.thread.announce((await this.section.count()) - this.section.offered);
  }
}
