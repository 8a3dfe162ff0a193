// Passkeys: the browser's Web Authentication API, and its answers as JSON. Done by hand where newer browsers have
// methods of their own, for those that lack them.

import { page } from "./texts.js";

/** Whether this browser, on this page, can make and show passkeys. */
export const canUse = () => page.passkeys_available && window.isSecureContext && "PublicKeyCredential" in window;

/** Make one. Resolves to what the server wants to know of it. */
export async function make({ challenge_id, options }) {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: (options.excludeCredentials ?? []).map(withBytes),
  };
  const made = await navigator.credentials.create({ publicKey });
  return { challenge_id, credential: told(made, ["clientDataJSON", "attestationObject"]) };
}

/** Show one of those that the question names. */
export async function show({ challenge_id, options }) {
  const publicKey = { ...options, challenge: bytes(options.challenge), allowCredentials: options.allowCredentials.map(withBytes) };
  const shown = await navigator.credentials.get({ publicKey });
  return { challenge_id, credential: told(shown, ["clientDataJSON", "authenticatorData", "signature"]) };
}

/** The key of the text for what the browser says when nothing came of it; null if it is about something else. */
export function failure(error) {
  if (!(error instanceof DOMException)) return null;
  return { InvalidStateError: "passkey_known", SecurityError: "passkey_wrong_page" }[error.name] ?? "passkey_cancelled";
}

const withBytes = (known) => ({ ...known, id: bytes(known.id) });

function told(credential, parts) {
  const response = Object.fromEntries(parts.map((name) => [name, text(credential.response[name])]));
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response };
}

function bytes(base64url) {
  return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
}

function text(buffer) {
  const signs = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(signs).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
