// Which comments to look at. The address of the page says it too, so that it can be kept and sent to a colleague.

import { $, h, show } from "./dom.js";
import { NO_FILTER } from "./queue.js";
import { get } from "./server.js";
import { label, number, reason, since, t } from "./texts.js";

export const STATUSES = ["all", "held", "flagged", "appealed", "any"];
const SORTS = ["risk", "oldest", "newest"];

export function fromAddress() {
  const asked = new URLSearchParams(location.search);
  const filter = { ...NO_FILTER, status: "all", sort: "risk" };
  for (const name of Object.keys(filter)) if (asked.has(name)) filter[name] = asked.get(name);
  if (![...STATUSES, "published", "rejected"].includes(filter.status)) filter.status = "all";
  if (!SORTS.includes(filter.sort)) filter.sort = "risk";
  return { filter, comment: asked.get("comment") };
}

export function toAddress(filter) {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) if (value !== "" && !(name === "status" && value === "all") && !(name === "sort" && value === "risk")) asked.set(name, value);
  const query = asked.toString();
  history.replaceState(null, "", query === "" ? location.pathname : `?${query}`);
}

export function tabs(queue) {
  const counts = queue.shownCounts;
  const status = ["published", "rejected"].includes(queue.filter.status) ? "any" : queue.filter.status;
  const focused = document.activeElement?.dataset?.status;
  show($("tabs"), STATUSES.map((name) => h("button", { type: "button", class: "tab", "aria-pressed": String(name === status), data: { status: name }, on: { click: () => queue.narrow({ status: name, sort: sortFor(name, queue.filter.sort) }) } },
    t(`queue.${name}`), name === "any" ? null : h("span", { class: "count", data: { count: name } }, counts === null ? "…" : number(counts[name])))));
  keepInSight(status);
  if (focused) $("tabs").querySelector(`[data-status="${focused}"]`)?.focus();
  $("oldest").textContent = queue.isWaitingList && queue.oldestAt ? t("oldest", { since: since(queue.oldestAt) }) : "";
}

let inSight = null;

/** On a phone the tabs scroll sideways: the one that was chosen is to be seen. */
function keepInSight(status) {
  if (status === inSight) return;
  inSight = status;
  const frame = $("tabs").getBoundingClientRect();
  const { left, right } = $("tabs").querySelector('[aria-pressed="true"]').getBoundingClientRect();
  if (right > frame.right) $("tabs").scrollLeft += Math.ceil(right - frame.right);
  else if (left < frame.left) $("tabs").scrollLeft -= Math.ceil(frame.left - left);
}

const sortFor = (status, sort) => (status === "any" && sort === "risk" ? "newest" : sort);

export class Filters {
  #queue;
  #form = $("filters");

  constructor(queue) {
    this.#queue = queue;
    this.#form.addEventListener("change", (event) => this.#narrow(event.target));
    this.#form.addEventListener("reset", (event) => {
      event.preventDefault();
      $("words").value = "";
      queue.narrow({ ...NO_FILTER });
      this.fill();
    });
    $("toggle-filters").addEventListener("click", () => this.toggle());
    $("search").addEventListener("submit", (event) => {
      event.preventDefault();
      queue.narrow({ q: $("words").value.trim() });
      $("words").blur();
    });
    $("words").addEventListener("search", () => $("words").value === "" && queue.filter.q !== "" && queue.narrow({ q: "" }));
    $("words").value = queue.filter.q;
    if (this.#isNarrowed) this.toggle(true);
  }

  get #isNarrowed() {
    return Object.keys(NO_FILTER).some((name) => name !== "q" && this.#queue.filter[name] !== "");
  }

  toggle(open = this.#form.hidden) {
    this.#form.hidden = !open;
    $("toggle-filters").setAttribute("aria-expanded", String(open));
    if (open) this.fill().then(() => document.activeElement === $("toggle-filters") && this.#form.querySelector("select")?.focus());
  }

  apply(filter) {
    this.#queue.narrow(filter);
    if (this.#form.hidden) this.toggle(true);
    else this.fill();
  }

  async fill() {
    const { filter } = this.#queue;
    const choices = await get("/review-queue/choices", { site: filter.site }).catch(() => null);
    if (choices === null) {
      if (this.#form.childElementCount === 0) show(this.#form, h("p", { class: "muted" }, t("unreachable")));
      return;
    }
    const named = (entry) => `${entry.name ?? entry.value} (${number(entry.count)})`;
    show(this.#form,
      choices.sites.length > 1 ? field("site", choices.sites, named, filter.site) : null,
      field("article", choices.articles, named, filter.article),
      field("reason", choices.reasons, (entry) => `${reason(entry.value)} (${number(entry.count)})`, filter.reason),
      field("label", choices.labels, (entry) => `${label(entry.value)} (${number(entry.count)})`, filter.label),
      field("author", choices.authors, named, filter.author),
      field("sort", SORTS.map((value) => ({ value })), ({ value }) => t(`sort.${value}`), filter.sort, false),
      filter.status === "any" || ["published", "rejected"].includes(filter.status) ? field("status", ["any", "published", "rejected"].map((value) => ({ value })), ({ value }) => t(`status.${value}`), filter.status, false) : null,
      h("button", { type: "reset", class: "quiet" }, t("filters_reset")));
  }

  #narrow(control) {
    const change = { [control.name]: control.value };
    if (control.name === "article" && control.value !== "") change.site = control.selectedOptions[0].dataset.site ?? this.#queue.filter.site;
    this.#queue.narrow(change).then(() => ["site", "article"].includes(control.name) && this.fill().then(() => this.#form.elements[control.name]?.focus()));
  }
}

function field(name, entries, text, chosen, withAll = true) {
  const isKnown = chosen === "" || entries.some(({ value }) => value === chosen);
  return h("label", { class: "field" }, h("span", {}, t(`filter.${name}`)),
    h("select", { name },
      withAll ? h("option", { value: "" }, t("filter.any")) : null,
      isKnown ? null : h("option", { value: chosen, selected: true }, t("filter.other")),
      entries.map((entry) => h("option", { value: entry.value, selected: entry.value === chosen, data: entry.site ? { site: entry.site } : {} }, text(entry)))));
}
