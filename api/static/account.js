// The token stands behind the hash sign of the letter's link. It leaves the address bar before anything else happens.
const form = document.getElementById("form");
const kind = form.dataset.kind;
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname + location.search);
for (const other of document.querySelectorAll("nav a")) {
  if (token) other.href += "#" + token;
}

const value = document.getElementById("value");
const problem = document.getElementById("problem");
const button = form.querySelector("button");
if (kind !== "forgotten" && !token) {
  document.getElementById("intro").hidden = true;
  fail(form.dataset.noToken);
  button.hidden = true;
}

document.getElementById("show")?.addEventListener("change", (event) => {
  value.type = event.target.checked ? "text" : "password";
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.textContent = "";
  button.disabled = true;
  try {
    const answer = await send();
    if (answer.ok) finish();
    else fail(await reason(answer));
  } catch {
    fail(form.dataset.failed);
  } finally {
    button.disabled = false;
  }
});

function send() {
  const [path, wish] = {
    forgotten: () => ["/password-resets", { email: value.value }],
    password: () => ["/password-resets/completions", { token, password: value.value }],
    address: () => ["/address-confirmations", { token }],
  }[kind]();
  return fetch("/api/v1" + path, {
    method: "POST",
    credentials: "omit",
    headers: { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang },
    body: JSON.stringify(wish),
  });
}

async function reason(answer) {
  const found = await answer.json();
  const messages = Object.values(found.errors ?? {}).flat().map((entry) => entry.message);
  return messages.length ? messages.join(" ") : found.detail;
}

function finish() {
  const done = document.getElementById("done");
  form.hidden = true;
  document.getElementById("again")?.remove();
  done.hidden = false;
  done.focus();
}

function fail(message) {
  problem.textContent = message;
  value?.setAttribute("aria-invalid", "true");
  (value ?? button).focus();
}
