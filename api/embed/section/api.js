// Calls to the server. Never with cookies: the token goes in a header, which no foreign page can make a browser send.

const TIMEOUT_MS = 20_000;
const SOON_S = 60;

/** The server's answer was an error (RFC 9457). `detail` is in the reader's language. */
export class Problem extends Error {
  constructor(status, content, retryAfter) {
    super(content?.detail ?? "");
    this.status = status;
    this.code = content?.code ?? "";
    this.fields = content?.errors ?? {};
    this.retryAfter = Number(retryAfter) || 0;
  }

  /** The server did not do it now and will soon; it says so itself, or a proxy in front of it does. */
  get isPassing() {
    const isSoon = this.status === 429 && this.retryAfter <= SOON_S;
    return this.status >= 500 || isSoon || this.code === "request_in_progress";
  }

  /** What is wrong with a field, or with the whole. */
  saysOf(field) {
    return this.fields[field]?.map((entry) => entry.message).join(" ");
  }
}

/** No answer came, and nobody knows whether the request arrived. */
export class Unanswered extends Error {}

export class Api {
  constructor(base, language) {
    this.base = `${base}/api/v1`;
    this.language = language;
    this.token = null;
    this.onexpired = () => {};
  }

  get = (path) => this.call("GET", path);
  post = (path, body, headers) => this.call("POST", path, body, headers);

  async call(method, path, body, headers = {}) {
    const token = this.token;
    const sent = { "Accept-Language": this.language, ...headers };
    if (token) sent.Authorization = `Bearer ${token}`;
    if (body !== undefined) sent["Content-Type"] = "application/json";
    const answer = await this.#fetch(path, { method, headers: sent, body: JSON.stringify(body) });
    if (answer.status === 204) return null;
    const content = await answer.json().catch(() => null);
    if (answer.ok && content) return content;
    if (answer.ok) throw new Unanswered();
    if (answer.status === 401 && token) this.onexpired(token);
    throw new Problem(answer.status, content, answer.headers.get("Retry-After"));
  }

  async #fetch(path, options) {
    try {
      return await fetch(this.base + path, {
        ...options,
        cache: "no-store",
        credentials: "omit",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch {
      throw new Unanswered();
    }
  }
}

/** A path from parts that may hold anything. */
export const path = (...parts) => "/" + parts.map(encodeURIComponent).join("/");
