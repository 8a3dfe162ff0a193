// Where the script begins: the element, and one of it for the tag that loaded the script.

import { Section } from "./section.js";

const script = document.currentScript ?? document.querySelector("script[data-site][data-article]");
const BASE = new URL(script.src).origin;

/** `<vorab-comments data-site data-article>`. Its methods are for the page; readers' data never comes out of them. */
class VorabComments extends HTMLElement {
  #section;

  connectedCallback() {
    if (!this.dataset.site || !this.dataset.article) return;
    this.#section ??= new Section(this, BASE);
    this.#section.start();
  }

  disconnectedCallback() {
    this.#section?.stop();
  }

  /** Load everything anew. */
  refresh() {
    return this.#section.load();
  }

  signIn(email, password) {
    return this.#section.session.signIn(email, password);
  }

  /** Sign in the site's own reader with a token that its server signed; an empty one signs them out. */
  present(token) {
    return this.#section.present(token);
  }

  /** Take over a session that another way of signing in has begun: what `POST /sessions` answers. */
  adopt(begun) {
    this.#section.session.adopt(begun);
  }

  signOut() {
    return this.#section.session.signOut();
  }
}

if (!customElements.get("vorab-comments")) customElements.define("vorab-comments", VorabComments);

function place() {
  const element = document.createElement("vorab-comments");
  for (const [name, value] of Object.entries(script.dataset)) element.dataset[name] = value;
  const target = script.dataset.target && document.querySelector(script.dataset.target);
  if (target) target.append(element);
  else if (document.body.contains(script)) script.after(element);
  else document.body.append(element);
}

if (script.dataset.site && script.dataset.article) {
  const isEarly = document.readyState === "loading" && (script.dataset.target || !document.body?.contains(script));
  if (isEarly) document.addEventListener("DOMContentLoaded", place);
  else place();
}
