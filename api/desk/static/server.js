// Asking the server. Changes carry the token that only our pages know (docs/decisions/0030).

import { page } from "./texts.js";

const token = document.querySelector('meta[name="csrf-token"]');

/** The server said no, with a stable `code` and words for people. */
export class Problem extends Error {
  constructor(status, content) {
    super(content.detail ?? String(status));
    this.status = status;
    this.code = content.code ?? "unexpected";
    this.errors = content.errors ?? {};
  }
}

/** The server could not be asked. */
export class Unreachable extends Error {}

const SIGNING_IN = /^\/(provider-)?sessions\b/;

/** Called when a request finds the session over; resolves when somebody has signed in again. */
let renew = null;
export function onSessionOver(ask) {
  renew = ask;
}

export async function call(method, path, { query = {}, body, headers = {} } = {}) {
  const answer = await send(method, path, query, body, headers);
  if (answer.status === 401 && renew !== null && !SIGNING_IN.test(path)) {
    await renew();
    return call(method, path, { query, body, headers });
  }
  if (answer.status === 304 || answer.status === 204) return { status: answer.status, etag: null, content: null };
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(answer.status, content);
  return { status: answer.status, etag: answer.headers.get("ETag"), content };
}

export const get = async (path, query = {}) => (await call("GET", path, { query })).content;

async function send(method, path, query, body, headers) {
  const address = new URL(`/api/v1${path}`, location.origin);
  for (const [name, value] of Object.entries(query)) if (value !== null && value !== undefined && value !== "") address.searchParams.set(name, value);
  try {
    const answer = await fetch(address, {
      method,
      headers: {
        "Accept-Language": page.language,
        "X-CSRF-Token": token.content,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      redirect: "error",
    });
    // A gateway that cannot reach the server is as good as no answer: what was sent is sent again.
    if (answer.status === 502 || answer.status === 504) throw new Unreachable(String(answer.status));
    return answer;
  } catch (error) {
    throw error instanceof Unreachable ? error : new Unreachable(error.message);
  }
}

export async function signIn(path, fields) {
  const { content } = await call("POST", path, { body: { ...fields, transport: "cookie" } });
  token.content = content.csrf_token;
  return content.account;
}

export async function signOut() {
  await call("DELETE", "/sessions/current").catch((error) => {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
  });
}
