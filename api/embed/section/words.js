// Words, numbers and times in the reader's language.

import TEXTS from "./texts";

const UNITS = [
  ["minute", 60],
  ["hour", 3600],
  ["day", 86_400],
];
const RELATIVE_FOR_S = 7 * 86_400;

export class Words {
  constructor(wanted) {
    this.language = wanted?.toLowerCase().startsWith("en") ? "en" : "de";
    this.texts = TEXTS[this.language];
    this.plurals = new Intl.PluralRules(this.language);
    this.relative = new Intl.RelativeTimeFormat(this.language, { numeric: "auto" });
    this.day = new Intl.DateTimeFormat(this.language, { dateStyle: "medium" });
    this.moment = new Intl.DateTimeFormat(this.language, { dateStyle: "full", timeStyle: "short" });
  }

  t = (key, values = {}) => this.texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

  /** A text for a number: "1 Kommentar", "2 Kommentare". */
  n = (key, number) => this.t(`${key}.${this.plurals.select(number)}`, { n: this.number(number) });

  number = (value) => value.toLocaleString(this.language);

  /** How long ago, and after a week the date. */
  ago(iso) {
    const seconds = Math.max(0, (Date.now() - Date.parse(iso)) / 1000);
    if (seconds < 60) return this.t("just_now");
    if (seconds > RELATIVE_FOR_S) return this.day.format(new Date(iso));
    const [unit, length] = UNITS.findLast(([, size]) => seconds >= size);
    return this.relative.format(-Math.floor(seconds / length), unit);
  }

  exactly = (iso) => this.moment.format(new Date(iso));
}
