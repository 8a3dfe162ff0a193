// The form to sign in with, on a page of its own and in a dialog when a session has ended.

import { $, h } from "./dom.js";
import { Problem, signIn } from "./server.js";
import { t } from "./texts.js";

const CODES = ["second_factor_required", "wrong_code"];

/** Make the form work. `done` is called with the account of whoever signed in. */
export function setUp(done) {
  const form = $("sign-in");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button[type=submit]");
    button.disabled = true;
    complain(null);
    try {
      await done(await signIn(Object.fromEntries(new FormData(form))));
      form.reset();
    } catch (error) {
      complain(error);
      if (error instanceof Problem && CODES.includes(error.code)) askForCode(form);
      else form.elements.password.select();
    } finally {
      button.disabled = false;
    }
  });
  for (const account of form.querySelectorAll(".demo-account")) {
    account.addEventListener("click", () => {
      form.elements.email.value = account.dataset.email;
      form.elements.password.value = account.dataset.password;
      form.querySelector("button[type=submit]").focus();
    });
  }
  if (!window.isSecureContext) complain(new Error(t("needs_https")));
}

/** The account has a second factor. Recovery codes have letters, so no keyboard of digits. */
function askForCode(form) {
  if (!form.elements.code) {
    const input = h("input", { id: "code", name: "code", autocomplete: "one-time-code", autocapitalize: "off", spellcheck: "false", required: true });
    $("sign-in-more").append(h("label", { for: "code" }, t("code")), input, h("p", { class: "hint" }, t("code_hint")));
    form.addEventListener("reset", () => $("sign-in-more").replaceChildren());
  }
  form.elements.code.select();
}

function complain(error) {
  const place = $("sign-in-error");
  place.hidden = error === null;
  if (error === null) place.textContent = "";
  else if (error instanceof Problem && error.code === "invalid_input") place.textContent = t("sign_in_incomplete");
  else if (error instanceof Problem && CODES.includes(error.code)) place.textContent = t(error.code);
  else place.textContent = error instanceof Problem || !window.isSecureContext ? error.message : t("unreachable");
}
