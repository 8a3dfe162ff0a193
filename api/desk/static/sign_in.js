// The form to sign in with, on a page of its own and in a dialog when a session has ended.

import { $, h } from "./dom.js";
import { canUse, failure, show } from "./passkeys.js";
import { Problem, call, signIn } from "./server.js";
import { t } from "./texts.js";

const FACTORS = ["second_factor_required", "wrong_code", "passkey_refused"];
const SAID_HERE = [...FACTORS, "no_staff_account", "provider_sign_in_lost"];

/** Make the form work. `done` is called with the account of whoever signed in. */
export function setUp(done) {
  const form = $("sign-in");
  const password = { choices: "/sessions/choices", path: "/sessions", fields: () => given(form, ["email", "password"]) };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(form, way(form) ?? password, given(form, ["code"]), done);
  });
  for (const account of form.querySelectorAll(".demo-account")) {
    account.addEventListener("click", () => {
      form.elements.email.value = account.dataset.email;
      form.elements.password.value = account.dataset.password;
      form.querySelector("button[type=submit]").focus();
    });
  }
  form.addEventListener("reset", () => forgetFactor(form));
  if (!window.isSecureContext) complain(new Error(t("needs_https")));
}

/** Go on with what an identity provider has said, which stands for address and password. */
export function setUpWith({ handover, verifier }, done) {
  const form = $("sign-in");
  ways.set(form, { choices: "/provider-sessions/choices", path: "/provider-sessions", fields: () => ({ handover, verifier }) });
  return attempt(form, way(form), {}, done);
}

const ways = new WeakMap();
const way = (form) => ways.get(form);

async function attempt(form, by, proof, done) {
  const buttons = [...form.querySelectorAll("button")];
  for (const button of buttons) button.disabled = true;
  complain(null);
  try {
    await done(await signIn(by.path, { ...by.fields(), ...proof }));
    form.reset();
  } catch (error) {
    complain(error);
    await goOn(form, by, error, done);
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

async function goOn(form, by, error, done) {
  if (error instanceof Problem && FACTORS.includes(error.code)) return askForFactor(form, by, error, done);
  // Whoever is nobody here may still sign in with a password.
  if (way(form)) {
    ways.delete(form);
    forgetFactor(form);
    return form.elements.email.focus();
  }
  return form.elements.password.select();
}

/** The account has a second factor: a passkey, an app, or both. Recovery codes have letters, so no keyboard of digits. */
async function askForFactor(form, by, error, done) {
  if (!form.elements.code) {
    const { content } = await call("POST", by.choices, { body: by.fields() }).catch(() => ({ content: { has_app: true, question: null } }));
    const isPossible = content.question !== null && canUse();
    hideCredentials(by.path === "/provider-sessions");
    $("sign-in-more").replaceChildren(...(isPossible ? [passkeyButton(form, by, done)] : []), ...codeField(content.has_app));
    label(form, "sign_in_with_code", isPossible ? "quiet strong" : "primary");
    if (isPossible) complain(new Error(t("passkey_required")));
    else if (!content.has_app) complain(new Error(t("recovery_code_required")));
  }
  $("sign-in-error").classList.toggle("error", error.code !== "second_factor_required");
  const passkey = $("use-passkey");
  if (passkey && !form.elements.code.value) passkey.focus();
  else form.elements.code.select();
}

function passkeyButton(form, by, done) {
  const press = async () => {
    try {
      // A question is good for one answer, so each try asks anew.
      const { content } = await call("POST", by.choices, { body: by.fields() });
      await attempt(form, by, { passkey: await show(content.question) }, done);
    } catch (error) {
      complain(error);
    }
  };
  return h("button", { id: "use-passkey", type: "button", class: "primary", on: { click: press } }, t("use_passkey"));
}

const codeField = (hasApp) => [
  h("label", { for: "code" }, t(hasApp ? "code" : "recovery_code")),
  h("input", { id: "code", name: "code", autocomplete: "one-time-code", autocapitalize: "off", spellcheck: "false" }),
  hasApp ? h("p", { class: "hint" }, t("code_hint")) : "",
];

function forgetFactor(form) {
  $("sign-in-more").replaceChildren();
  label(form, "sign_in", "primary");
  hideCredentials(false);
}

function label(form, name, look) {
  const button = form.querySelector("button[type=submit]");
  button.textContent = t(name);
  button.className = look;
}

function hideCredentials(isHidden) {
  for (const part of document.querySelectorAll("[data-credentials]")) part.hidden = isHidden;
}

function given(form, names) {
  const values = Object.fromEntries(new FormData(form));
  return Object.fromEntries(names.filter((name) => values[name] !== undefined).map((name) => [name, values[name]]));
}

export function complain(error) {
  const place = $("sign-in-error");
  place.hidden = error === null;
  place.classList.add("error");
  place.textContent = error === null ? "" : words(error);
}

function words(error) {
  const failed = failure(error);
  if (failed) return t(failed);
  if (!(error instanceof Problem)) return error.constructor === Error ? error.message : t("unreachable");
  if (error.code === "invalid_input") return t("sign_in_incomplete");
  return SAID_HERE.includes(error.code) ? t(error.code) : error.message;
}
