// Setting up codes from an app: off → begun (a picture to photograph) → on, with recovery codes that are shown once.

import { $, h, show, svg } from "./dom.js";
import { Problem, call, get, signOut } from "./server.js";
import { count, t } from "./texts.js";

const PATH = "/accounts/me/second-factor";
const place = $("factor");

$("sign-out").addEventListener("click", async () => {
  await signOut();
  location.reload();
});

async function start() {
  const state = await get(PATH);
  if (state.is_on) on(state);
  else off(state);
}

function off(state) {
  ask({
    lead: [state.is_required ? h("p", { class: "notice warning" }, t("factor_required")) : null, h("p", {}, t("factor_lead"))],
    fields: [password()],
    actions: [["factor_begin", async (values) => begun(await send("POST", PATH, values))]],
  });
}

function begun({ secret, qr }) {
  ask({
    lead: [
      h("p", {}, t("factor_scan")),
      picture(qr),
      h("p", { class: "hint" }, t("factor_type"), " ", h("code", { class: "secret" }, secret.match(/.{1,4}/g).join(" "))),
    ],
    fields: [code("factor_first_code")],
    actions: [["factor_confirm", async (values) => codes(await send("PUT", `${PATH}/confirmation`, values))]],
  });
}

function codes({ recovery_codes: given }) {
  show(
    place,
    h("p", {}, t("factor_codes_lead")),
    h("ul", { class: "codes" }, given.map((one) => h("li", {}, h("code", {}, one)))),
    h("p", {}, h("a", { class: "button", href: "/desk" }, t("factor_codes_kept"))),
  );
  place.querySelector("a").focus();
}

function on(state) {
  ask({
    lead: [h("p", {}, t("factor_on")), h("p", {}, count("factor_codes_left", state.recovery_codes_left))],
    fields: [password(), code("code")],
    actions: [
      ["factor_renew", async (values) => codes(await send("POST", `${PATH}/recovery-codes`, values))],
      ["factor_off", async (values) => send("DELETE", PATH, values).then(start)],
    ],
  });
}

const send = async (method, path, body) => (await call(method, path, { body })).content;

const password = () => [
  h("label", { for: "password" }, t("password")),
  h("input", { id: "password", name: "password", type: "password", autocomplete: "current-password", required: true }),
];
const code = (label) => [
  h("label", { for: "code" }, t(label)),
  h("input", { id: "code", name: "code", autocomplete: "one-time-code", autocapitalize: "off", spellcheck: "false", required: true }),
];

/** A form with one or more actions; the first is what Enter does. */
function ask({ lead, fields, actions }) {
  const problem = h("p", { class: "error", role: "alert", hidden: true });
  const buttons = actions.map(([label], at) => h("button", { type: "submit", class: at === 0 ? "primary" : "quiet", value: String(at) }, t(label)));
  const form = h("form", { class: "form", novalidate: true }, problem, fields, h("div", { class: "buttons" }, buttons));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [, act] = actions[Number((event.submitter ?? buttons[0]).value)];
    for (const button of buttons) button.disabled = true;
    problem.hidden = true;
    try {
      await act(Object.fromEntries(new FormData(form)));
    } catch (error) {
      problem.textContent = explain(error);
      problem.hidden = false;
    } finally {
      for (const button of buttons) button.disabled = false;
    }
  });
  show(place, lead, form);
  form.querySelector("input").focus();
}

function explain(error) {
  if (!(error instanceof Problem)) return t("unreachable");
  return ["wrong_code", "wrong_password"].includes(error.code) ? t(error.code) : error.message;
}

/** One path of unit squares: dark on light in every colour scheme, as cameras want it. */
function picture(rows) {
  const squares = rows.flatMap((row, y) => [...row].map((bit, x) => (bit === "1" ? `M${x} ${y}h1v1h-1z` : "")));
  const size = rows.length;
  return svg(
    "svg",
    { class: "qr", viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": t("factor_picture"), "shape-rendering": "crispEdges" },
    svg("rect", { width: size, height: size, fill: "#ffffff" }),
    svg("path", { d: squares.join(""), fill: "#000000" }),
  );
}

await start();
