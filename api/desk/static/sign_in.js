// The form to sign in with, on a page of its own and in a dialog when a session has ended.

import { $ } from "./dom.js";
import { Problem, signIn } from "./server.js";
import { t } from "./texts.js";

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
      form.elements.password.select();
    } finally {
      button.disabled = false;
    }
  });
  $("demo-account")?.addEventListener("click", (event) => {
    form.elements.email.value = event.target.dataset.email;
    form.elements.password.value = event.target.dataset.password;
    form.querySelector("button[type=submit]").focus();
  });
  if (!window.isSecureContext) complain(new Error(t("needs_https")));
}

function complain(error) {
  const place = $("sign-in-error");
  place.hidden = error === null;
  if (error === null) place.textContent = "";
  else if (error instanceof Problem && error.code === "invalid_input") place.textContent = t("sign_in_incomplete");
  else place.textContent = error instanceof Problem || !window.isSecureContext ? error.message : t("unreachable");
}
