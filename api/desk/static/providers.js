// The way to an identity provider and back to this page (docs/decisions/0070).

import { h } from "./dom.js";
import { page } from "./texts.js";

const KEY = "vorab-provider";
const CAME_BACK = /^#vorab-sign-in(-failed)?=([^&]*)$/;
const FAILURES = ["provider_unavailable", "provider_refused"];

/** Go there. `purpose` is "desk" to sign in, "link" to say that the person there is the one here. */
export async function leaveFor(provider, purpose) {
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  sessionStorage.setItem(KEY, JSON.stringify({ verifier, name: provider.name }));
  const path = ["sign-in", provider.site, provider.key].map(encodeURIComponent).join("/");
  const return_to = location.origin + location.pathname + location.search;
  const wish = new URLSearchParams({ for: purpose, challenge: base64url(new Uint8Array(digest)), return_to });
  // These pages send no referrer otherwise; here the server must see that it is one of ours.
  const link = h("a", { href: `/${path}?${wish}`, referrerpolicy: "origin" });
  document.body.append(link);
  link.click();
  link.remove();
}

/** What came back, once: null, {failure, name}, or {handover, verifier, name}. */
export function comeBack() {
  const found = CAME_BACK.exec(location.hash);
  if (!found) return null;
  const pending = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  sessionStorage.removeItem(KEY);
  history.replaceState(null, "", location.pathname + location.search);
  const name = pending?.name ?? "";
  if (found[1]) return { failure: FAILURES.includes(found[2]) ? found[2] : "provider_sign_in_lost", name };
  return pending ? { handover: found[2], verifier: pending.verifier, name } : { failure: "provider_sign_in_lost", name };
}

export const canLeave = () => page.providers.length > 0 && window.isSecureContext;

const base64url = (raw) => btoa(String.fromCharCode(...raw)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
