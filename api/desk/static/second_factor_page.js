// How somebody signs in besides the password: codes from an app, passkeys, recovery codes, and accounts elsewhere.

import { $, h, show, svg } from "./dom.js";
import { canUse, failure, make, show as showPasskey } from "./passkeys.js";
import { canLeave, comeBack, leaveFor } from "./providers.js";
import { Problem, call, get, signOut } from "./server.js";
import { ago, clock, count, has, page, t } from "./texts.js";

const PATH = "/accounts/me/second-factor";
const PASSKEYS = "/accounts/me/passkeys";
const IDENTITIES = "/accounts/me/identities";
const SAID_HERE = ["wrong_code", "wrong_password", "passkey_refused", "passkeys_unavailable", "provider_sign_in_lost", "no_staff_account"];
const place = $("factor");

$("sign-out").addEventListener("click", async () => {
  await signOut();
  location.reload();
});

async function overview(told = null) {
  const [state, { items: identities }] = await Promise.all([get(PATH), get(IDENTITIES)]);
  show(
    place,
    told && h("p", { class: "notice", role: "status" }, told),
    state.is_required && h("p", { class: "notice warning" }, t("factor_required")),
    h("p", {}, t(state.is_on ? "factor_on" : "factor_lead")),
    appPart(state),
    passkeyPart(state),
    state.is_on && codesPart(state),
    identityPart(identities),
  );
}

const part = (title, ...content) => h("section", { class: "part" }, h("h2", {}, t(title)), content);
const act = (label, press, attributes = {}) => h("button", { type: "button", class: "quiet strong", on: { click: press }, ...attributes }, t(label));

function appPart(state) {
  const button = state.has_app ? act("factor_remove_app", () => removeApp(state)) : act("factor_begin", () => beginApp());
  return part("factor_app", h("p", { class: "hint" }, t(state.has_app ? "factor_app_on" : "factor_app_lead")), button);
}

function passkeyPart(state) {
  const rows = state.passkeys.map((one) =>
    h(
      "li",
      { class: "passkey" },
      h("span", {}, h("bdi", {}, one.name), " ", h("span", { class: "muted" }, used(one))),
      act("passkey_remove", () => removePasskey(state, one), { "aria-label": t("passkey_remove_named", { name: one.name }) }),
    ),
  );
  return part(
    "passkeys",
    page.passkeys_available && h("p", { class: "hint" }, t("passkey_lead")),
    rows.length > 0 && h("ul", { class: "plain" }, rows),
    canUse() ? act("passkey_add", () => addPasskey()) : h("p", { class: "hint" }, t(page.passkeys_available ? "passkey_no_browser" : "passkeys_unavailable")),
  );
}

function used(one) {
  const at = one.last_used_at ?? one.created_at;
  return clock(h("time", {}, t(one.last_used_at ? "passkey_used" : "passkey_made", { ago: ago(at) })), at);
}

function codesPart(state) {
  return part("factor_codes", h("p", { class: "hint" }, count("factor_codes_left", state.recovery_codes_left)), act("factor_renew", () => renew(state)));
}

function identityPart(identities) {
  const others = canLeave() ? page.providers.filter((one) => !identities.some((known) => known.issuer === one.issuer)) : [];
  if (identities.length + others.length === 0) return null;
  const rows = identities.map((one) =>
    h(
      "li",
      { class: "passkey" },
      h("span", {}, h("bdi", {}, one.provider_name), " ", h("span", { class: "muted" }, h("bdi", {}, new URL(one.issuer).host))),
      act("identity_remove", () => unlink(one), { "aria-label": t("identity_remove_named", { name: one.provider_name }) }),
    ),
  );
  const links = others.map((one) => h("button", { type: "button", class: "quiet strong", on: { click: () => leaveFor(one, "link") } }, t("identity_add", { name: one.name })));
  return part("identities", h("p", { class: "hint" }, t("identity_lead")), rows.length > 0 && h("ul", { class: "plain" }, rows), links);
}

function beginApp() {
  ask({
    title: "factor_app",
    lead: [h("p", {}, t("factor_app_lead"))],
    fields: [password()],
    actions: [["factor_begin", async (values) => begun(await send("POST", PATH, values))]],
  });
}

function begun({ secret, qr }) {
  ask({
    title: "factor_app",
    lead: [
      h("p", {}, t("factor_scan")),
      picture(qr),
      h("p", { class: "hint" }, t("factor_type"), " ", h("code", { class: "secret" }, secret.match(/.{1,4}/g).join(" "))),
    ],
    fields: [code("factor_first_code")],
    actions: [["factor_confirm", async (values) => codes(await send("PUT", `${PATH}/confirmation`, values))]],
  });
}

function addPasskey() {
  ask({
    title: "passkey_add",
    lead: [h("p", {}, t("passkey_how"))],
    fields: [field("name", "passkey_name", { maxlength: 80, value: t("passkey_default"), autocomplete: "off" }), password()],
    actions: [
      [
        "passkey_make",
        async ({ name, password: secret }) => {
          const question = await send("POST", `${PASSKEYS}/questions`, { password: secret });
          codes(await send("POST", PASSKEYS, { name, ...(await make(question)) }));
        },
      ],
    ],
  });
}

/** They are shown this once; whoever has some already goes on to the overview. */
function codes({ recovery_codes: given }) {
  if (given.length === 0) return overview(t("saved"));
  show(
    place,
    h("p", {}, t("factor_codes_lead")),
    h("ul", { class: "codes" }, given.map((one) => h("li", {}, h("code", {}, one)))),
    h("p", {}, h("a", { class: "button", href: "/desk" }, t("factor_codes_kept"))),
  );
  return place.querySelector("a").focus();
}

const removeApp = (state) => proven(state, "factor_remove_app", (proof) => send("DELETE", PATH, proof).then(() => overview(t("saved"))));
const removePasskey = (state, one) =>
  proven(state, "passkey_remove_title", (proof) => send("DELETE", `${PASSKEYS}/${one.id}`, proof).then(() => overview(t("saved"))), [h("p", {}, t("passkey_remove_ask", { name: one.name }))]);
const renew = (state) => proven(state, "factor_renew", async (proof) => codes(await send("POST", `${PATH}/recovery-codes`, proof)));

/** Whatever weakens the account takes the password and a second factor: a passkey, or a code. */
function proven(state, title, send, lead = []) {
  const withCode = ({ password: secret, code: given }) => send({ password: secret, code: given });
  const withPasskey = async (values) => {
    // Enter presses the first button, also for whoever has typed a code.
    if (values.code) return withCode(values);
    const { question } = await post(`${PATH}/questions`);
    return send({ password: values.password, passkey: await showPasskey(question) });
  };
  const isPossible = state.passkeys.length > 0 && canUse();
  const actions = [...(isPossible ? [["with_passkey", withPasskey]] : []), ["with_code", withCode]];
  ask({ title, lead, fields: [password(), code(state.has_app ? "code" : "recovery_code", !isPossible)], actions });
}

function linkWith({ handover, verifier, name }) {
  ask({
    title: "identities",
    lead: [h("p", {}, t("identity_confirm", { name }))],
    fields: [password()],
    actions: [["identity_confirm_action", (values) => send("POST", IDENTITIES, { handover, verifier, ...values }).then(() => overview(t("saved")))]],
  });
}

async function unlink(one) {
  await call("DELETE", `${IDENTITIES}/${one.id}`);
  await overview(t("saved"));
}

const send = async (method, path, body) => (await call(method, path, { body })).content;
const post = async (path) => (await call("POST", path)).content;

const field = (name, label, attributes) => [h("label", { for: name }, t(label)), h("input", { id: name, name, required: true, ...attributes })];
const password = () => field("password", "password", { type: "password", autocomplete: "current-password" });
const code = (label, required = true) => field("code", label, { autocomplete: "one-time-code", autocapitalize: "off", spellcheck: "false", required });

/** A form with one or more actions; the first is what Enter does. There is a way back without any. */
function ask({ title, lead, fields, actions }) {
  const problem = h("p", { class: "error", role: "alert", hidden: true });
  const buttons = actions.map(([label], at) => h("button", { type: "submit", class: at === 0 ? "primary" : "quiet strong", value: String(at) }, t(label)));
  const back = h("button", { type: "button", class: "quiet", on: { click: () => overview() } }, t("cancel"));
  const form = h("form", { class: "form", novalidate: true }, problem, fields, h("div", { class: "buttons" }, buttons, back));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [, perform] = actions[Number((event.submitter ?? buttons[0]).value)];
    for (const button of buttons) button.disabled = true;
    problem.hidden = true;
    try {
      await perform(Object.fromEntries(new FormData(form)));
    } catch (error) {
      problem.textContent = explain(error);
      problem.hidden = false;
    } finally {
      for (const button of buttons) button.disabled = false;
    }
  });
  show(place, h("h2", {}, t(title)), lead, form);
  form.querySelector("input").focus();
}

function explain(error) {
  const failed = failure(error);
  if (failed) return t(failed);
  if (!(error instanceof Problem)) return t("unreachable");
  if (error.code === "invalid_input") return Object.values(error.errors).flat()[0]?.message ?? error.message;
  return SAID_HERE.includes(error.code) && has(error.code) ? t(error.code) : error.message;
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

const back = comeBack();
if (back?.handover) linkWith(back);
else await overview(back ? t(back.failure, { name: back.name }) : null);
