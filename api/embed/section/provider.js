// Signing in with an identity provider: the page goes there and comes back, with no window of its own and no cookie.
// docs/decisions/0070 says why. What was begun to be written waits in its draft.

import { Problem, path } from "./api.js";
import { h } from "./dom.js";
import { untilClosed } from "./storing.js";

const CAME_BACK = /^#vorab-sign-in(-failed)?=([^&]*)$/;
const FAILURES = ["provider_unavailable", "provider_refused"];

const pendingKey = (section) => `provider:${section.base}:${section.site}`;

/** Go to the provider. Only whoever holds the verifier can use what comes back. */
export async function leaveFor(section, provider, stay) {
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  untilClosed.set(pendingKey(section), { verifier, stay, name: provider.name, hash: location.hash });
  const wish = { for: "section", challenge: base64url(new Uint8Array(digest)), return_to: location.href.replace(/#.*/, "") };
  // Whatever the page's own policy is: the server must see which site sends the reader.
  const link = h("a", { href: `${section.base}/sign-in${path(section.site, provider.key)}?${new URLSearchParams(wish)}`, referrerpolicy: "origin" });
  section.shadow.append(link);
  link.click();
  link.remove();
}

/** What became of it, if the page was shown because of it: null, or {problem: null or words}. */
export async function comeBack(section) {
  const found = CAME_BACK.exec(location.hash);
  if (!found) return null;
  const pending = untilClosed.get(pendingKey(section));
  untilClosed.remove(pendingKey(section));
  history.replaceState(history.state, "", location.pathname + location.search + (pending?.hash ?? ""));
  const { t } = section.words;
  if (found[1] && FAILURES.includes(found[2])) return { problem: t(found[2], { name: pending?.name ?? "?" }) };
  if (found[1] || !pending) return { problem: t("provider_lost") };
  try {
    const wish = { handover: found[2], verifier: pending.verifier };
    section.session.adopt(await section.api.post("/provider-sessions", wish), { stay: pending.stay });
    return { problem: null };
  } catch (error) {
    const isLost = error instanceof Problem && error.code === "provider_sign_in_lost";
    return { problem: isLost ? t("provider_lost") : section.explain(error) };
  }
}

const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
