// The instant of the past that a page shows, where it shows one: in the address, on links, in questions to the API.

import { byId, setText } from "./dom.js";

const banner = byId("past");
const ADDRESS_EVERY_MS = 1000; // Browsers refuse an address that changes more often.
const NEVER = /^\/(static|vendor|sign-in|sign-out)\b/;

// A page that keeps no history shows now, and leads back to where one came from.
const isNowOnly = Boolean(banner?.classList.contains("is-now-only"));

export const isPast = Boolean(banner) && !isNowOnly;
export const sense = banner?.dataset.sense ?? "recorded";
let at = banner ? Date.parse(banner.dataset.at) : 0;
let addressed = 0;
let timer = null;

/** Milliseconds since the epoch. */
export const instant = () => at;

/** To the second, as the API takes it. */
export const written = (ms) => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** The clock of a page that stands still. */
export const clockReading = () => ({ now: new Date(at).toISOString(), speed: 0, utc_offset_s: Number(banner.dataset.offset), zone: banner.dataset.zone });

/** Puts the instant into `address`, a URLSearchParams; nothing where the page shows now. */
export function withInstant(address) {
  if (!isPast) return address;
  address.set("as_of", written(at));
  address.set("sense", sense);
  return address;
}

/** A question to the API, of the instant that the page shows. */
export function atInstant(path) {
  if (!isPast) return path;
  const [place, question = ""] = path.split("?");
  return `${place}?${withInstant(new URLSearchParams(question))}`;
}

/** The page shows another instant from now on; `words` name it. */
export function moveTo(ms, words) {
  at = ms;
  setText(byId("past-at"), words);
  byId("past-at").dateTime = written(ms);
  timer ??= setTimeout(tellAddress, Math.max(0, addressed + ADDRESS_EVERY_MS - performance.now()));
}

function tellAddress() {
  clearTimeout(timer);
  timer = null;
  addressed = performance.now();
  history.replaceState(history.state, "", `?${withInstant(new URLSearchParams(location.search))}`);
  for (const link of document.querySelectorAll("#past .past-ways a:not([data-now]), .pages a, .brand")) rewrite(link);
}

/** Who follows a link stays at the instant. */
function rewrite(link) {
  if (link.origin !== location.origin || link.dataset.now !== undefined || NEVER.test(link.pathname)) return;
  if (isNowOnly && link.pathname.startsWith("/api/")) return;
  const address = new URLSearchParams(link.search);
  address.set("as_of", written(at));
  address.set("sense", link.dataset.sense ?? sense);
  link.search = address;
}

if (banner) {
  // In time for every way to follow one: a click, a new tab, the Enter key, the menu.
  for (const event of ["pointerdown", "keydown", "focusin", "click"]) {
    addEventListener(event, ({ target }) => {
      const link = target.closest?.("a[href]");
      if (link) rewrite(link);
    }, true);
  }
}
