// Numbers of comments for list pages: <span data-vorab-count="article id"></span>, one request for a hundred of them.

const script = document.currentScript ?? document.querySelector("script[data-site][src*='counts']");
const BASE = new URL(script.src).origin;
const AT_ONCE = 100;
const WORDS = { de: ["Kommentar", "Kommentare"], en: ["comment", "comments"] };

async function ask(ids) {
  const query = new URLSearchParams({ articles: ids.join(",") });
  const site = encodeURIComponent(script.dataset.site);
  const answer = await fetch(`${BASE}/api/v1/sites/${site}/counts?${query}`, { credentials: "omit" });
  return answer.ok ? (await answer.json()).counts : {};
}

function show(place, count) {
  const language = (script.dataset.lang ?? place.closest("[lang]")?.lang ?? "").startsWith("en") ? "en" : "de";
  const number = count.toLocaleString(language);
  const isBare = "vorabBare" in place.dataset;
  place.textContent = isBare ? number : `${number} ${WORDS[language][count === 1 ? 0 : 1]}`;
}

async function count() {
  const places = [...document.querySelectorAll("[data-vorab-count]")];
  const ids = [...new Set(places.map((place) => place.dataset.vorabCount))].filter((id) => id && !id.includes(","));
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const counts = await ask(ids.slice(at, at + AT_ONCE)).catch(() => ({}));
    for (const place of places) {
      const found = counts[place.dataset.vorabCount];
      if (found !== undefined) show(place, found);
    }
  }
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", count);
else count();
