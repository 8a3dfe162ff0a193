// Words, numbers and times in the page's language.

export const page = JSON.parse(document.getElementById("page-data").textContent);
const { language, texts } = page;

const plurals = new Intl.PluralRules(language);
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const terse = new Intl.RelativeTimeFormat(language, { numeric: "always", style: "short" });
const whole = new Intl.NumberFormat(language);
const shares = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });
const scores = new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const moments = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
const days = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: "UTC" });

/** The text for a key, with `{name}` filled from `values`. */
export function t(name, values = {}) {
  const text = texts[name] ?? name;
  return text.replace(/\{(\w+)\}/g, (gap, word) => (word in values ? String(values[word]) : gap));
}

/** The text for a number of things: `name.one` or `name.other`. */
export function count(name, number, values = {}) {
  return t(`${name}.${plurals.select(number) === "one" ? "one" : "other"}`, { count: whole.format(number), ...values });
}

export const has = (name) => name in texts;
export const number = (value) => whole.format(value);
export const percent = (share) => (share === null ? "–" : shares.format(share));
export const score = (value) => scores.format(value);
export const moment = (iso) => moments.format(new Date(iso));
export const day = (iso) => days.format(new Date(`${iso}T00:00:00Z`));

export const reason = (code) => (has(`reason.${code}`) ? t(`reason.${code}`) : code);
export const label = (name) => (has(`label.${name}`) ? t(`label.${name}`) : has(`reason.${name}`) ? reason(name) : name.replaceAll("_", " "));

const UNITS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];

/** "vor 3 Stunden", or with `isTerse` "vor 3 Std." */
export function ago(iso, isTerse = false) {
  const seconds = Math.max(0, (Date.now() - new Date(iso)) / 1000);
  for (const [unit, size] of UNITS) if (seconds >= size) return (isTerse ? terse : relative).format(-Math.floor(seconds / size), unit);
  return t("just_now");
}

/** "3 Std. 20 Min.", from seconds; two units at the most. */
export function span(seconds, days = "span.days") {
  if (seconds < 60) return t("span.seconds", { count: Math.round(seconds) });
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return t("span.minutes", { count: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return t("span.hours", { count: hours }) + (minutes % 60 && hours < 10 ? ` ${t("span.minutes", { count: minutes % 60 })}` : "");
  return t(days, { count: whole.format(Math.floor(hours / 24)) });
}

/** The same to stand after "seit", where German says "3 Tagen". */
export const since = (iso) => span(Math.max(0, (Date.now() - new Date(iso)) / 1000), "since.days");

export function clock(element, iso) {
  element.setAttribute("datetime", iso);
  element.setAttribute("title", moment(iso));
  return element;
}
