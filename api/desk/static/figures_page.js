// Figures: how the moderation goes, and what another threshold would have done.

import { bars, legend, lines, table } from "./charts.js";
import { $, h, show } from "./dom.js";
import { get, signOut } from "./server.js";
import { day, label, number, percent, score, span, t } from "./texts.js";

const OUTCOMES = ["published", "cleared", "waiting", "refused", "refused_by_machine", "withdrawn"];
const PERIODS = [7, 30, 90, 365];
const FEW = 30;
const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
const asked = new URLSearchParams(location.search);
const query = { site: asked.get("site") ?? "", days: asked.get("days") ?? "30", timezone };

async function draw() {
  $("figures").setAttribute("aria-busy", "true");
  const found = await get("/figures", query);
  show($("figures"), keys(found), days(found), appeals(found), thresholds(found), agreement(found));
  // On a phone a chart is wider than the window: what is newest stands at its end.
  for (const chart of document.querySelectorAll("#days .scroll")) chart.scrollLeft = chart.scrollWidth;
  $("figures").setAttribute("aria-busy", "false");
}

function keys({ shares, waits }) {
  const wait = (seconds) => (seconds === null ? "–" : span(seconds));
  const entries = [[number(shares.comments), "key_comments"], [percent(shares.held), "key_held"], [percent(shares.refused), "key_refused"], [wait(waits.median_s), "key_median"], [wait(waits.longest_s), "key_longest"]];
  return h("dl", { class: "key-figures" }, entries.map(([value, name]) => h("div", {}, h("dt", {}, t(name)), h("dd", {}, value))));
}

function section(name, ...children) {
  const address = `/api/v1/figures/export?${new URLSearchParams({ ...Object.fromEntries(Object.entries(query).filter(([, value]) => value !== "")), table: name })}`;
  return h("section", { class: "figure", id: name }, children, h("p", { class: "export" }, h("a", { href: address, download: true }, t("export"))));
}

function days(found) {
  const series = OUTCOMES.map((name) => ({ name, text: t(`outcome.${name}`) })).filter(({ name }) => found.days.some(({ counts }) => counts[name] > 0));
  return section("days", h("h2", {}, t("days_title")), h("p", { class: "muted" }, t("days_lead")),
    bars(t("days_title"), found.days.map((entry) => ({ name: day(entry.day), values: entry.counts })), series), legend(series),
    table(t("days_title"), [t("day"), ...series.map(({ text }) => text)], found.days.map((entry) => [day(entry.day), ...series.map(({ name }) => number(entry.counts[name]))])));
}

function appeals({ appeals: found }) {
  const entries = [...["all", "waiting", "granted", "denied", "closed"].map((name) => [number(found[name]), name]), [found.median_s === null ? "–" : span(found.median_s), "median"]];
  return h("section", { class: "figure", id: "appeals" }, h("h2", {}, t("appeals_title")), h("p", { class: "muted" }, t("appeals_lead")),
    found.all === 0 ? h("p", {}, t("appeals_none")) : h("dl", { class: "key-figures" }, entries.map(([value, name]) => h("div", {}, h("dt", {}, t(`appeals_${name}`)), h("dd", {}, value)))));
}

function agreement(found) {
  const judged = found.agreement.filter((entry) => entry.share !== null);
  const names = ["confirmed", "overruled", "missed", "agreed"];
  return section("agreement", h("h2", {}, t("agreement_title")), h("p", { class: "muted" }, t("agreement_lead")),
    judged.length === 0 ? h("p", {}, t("no_judgements")) : [
      bars(t("agreement_title"), judged.map((entry) => ({ name: label(entry.label), values: entry })), names.map((name) => ({ name, text: t(name) }))),
      legend(names.map((name) => ({ name, text: t(name) }))),
      table(t("agreement_title"), [t("label"), t("share"), ...names.map((name) => t(name))], judged.map((entry) => [label(entry.label), percent(entry.share), ...names.map((name) => number(entry[name]))]), { open: true })]);
}

function thresholds(found) {
  const curves = found.thresholds;
  if (curves.length === 0) return section("thresholds", h("h2", {}, t("threshold_title")), h("p", {}, t("none")));
  const choice = h("select", { id: "threshold-label" }, curves.map((curve, at) => h("option", { value: at, selected: curve.label === "toxicity" }, label(curve.label))));
  const slider = h("input", { id: "threshold", type: "range", min: 0, max: 100, step: 1 });
  const place = h("div", {});
  const words = h("p", { class: "sum", "aria-live": "polite" });
  const behind = h("div", {});
  const series = ["waiting", "needless", "slipping"].map((name) => ({ name, text: t({ waiting: "would_wait", needless: "needless", slipping: "would_slip" }[name]) }));
  const redraw = () => {
    const curve = curves[choice.value];
    const at = Number(slider.value);
    const point = curve.points[at];
    const now = curve.current === null ? null : curve.points[Math.round(curve.current * 100)];
    const more = now === null ? "–" : point === now ? t("as_now") : `${point.waiting >= now.waiting ? "+" : "−"}${number(Math.abs(point.waiting - now.waiting))}`;
    slider.setAttribute("aria-valuetext", score(at / 100));
    const marks = [{ name: "chosen", at: at / 100 }, ...(curve.current === null ? [] : [{ name: "current", at: curve.current }])];
    show(place, lines(t("threshold_title"), series.map(({ name }) => ({ name, values: curve.points.map((one) => one[name]) })), marks, curve.points[0].waiting));
    show(words, t("threshold_sum", { value: score(at / 100), waiting: number(point.waiting), more, refused: number(curve.refused), slipping: number(point.slipping) }), curve.refused < FEW ? [" ", t("few", { count: number(curve.refused) })] : null);
  };
  const choose = () => {
    const curve = curves[choice.value];
    slider.value = Math.round((curve.current ?? 0.5) * 100);
    show(behind, table(t("threshold_title"), [t("threshold"), ...series.map(({ text }) => text)], curve.points.filter((_, at) => at % 5 === 0).map((point) => [score(point.threshold), ...series.map(({ name }) => number(point[name]))])));
    redraw();
  };
  choice.addEventListener("change", choose);
  slider.addEventListener("input", redraw);
  choose();
  return section("thresholds", h("h2", {}, t("threshold_title")), h("p", { class: "muted" }, t("threshold_lead")),
    h("div", { class: "controls" }, h("label", { class: "field" }, h("span", {}, t("label")), choice), h("label", { class: "field wide" }, h("span", {}, t("threshold")), slider)),
    words, place, legend(series, "key"), behind);
}

async function controls() {
  const { sites } = await get("/review-queue/choices");
  const select = (name, text, options, chosen) => h("label", { class: "field" }, h("span", {}, text), h("select", { name }, options.map(([value, words]) => h("option", { value, selected: String(value) === chosen }, words))));
  show($("period"),
    sites.length > 1 ? select("site", t("site"), [["", t("all_sites")], ...sites.map((site) => [site.value, site.name])], query.site) : null,
    select("days", t("period"), PERIODS.map((days_) => [days_, t(`period.${days_}`)]), query.days),
    h("button", { type: "button", class: "quiet", on: { click: () => print() } }, t("print")));
}

$("period").addEventListener("change", (event) => {
  query[event.target.name] = event.target.value;
  history.replaceState(null, "", `?${new URLSearchParams({ site: query.site, days: query.days })}`);
  draw();
});
// On paper the numbers stand under their charts.
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details.behind:not([open])")];
  for (const one of closed) one.open = true;
});
addEventListener("afterprint", () => {
  for (const one of closed) one.open = false;
});
$("sign-out").addEventListener("click", async () => {
  await signOut();
  location.reload();
});
await Promise.all([controls(), draw()]);
