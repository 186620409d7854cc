// The figures of a panel, from the API: those that changed since they were last drawn.

import { el } from "./dom.js";
import { atInstant } from "./past.js";

/**
 * Asks `address` for figures that have another ETag than `tag`. Null: nothing is to be done, since they are
 * the same, `wanted()` no longer says so, or the server is away. Where they are refused `content` says why,
 * and the answer has no figures.
 */
export async function askFigures(address, tag, content, wanted) {
  let answer;
  let found = null;
  try {
    answer = await fetch(atInstant(address), { headers: tag ? { "If-None-Match": tag } : {} });
    if (answer.status !== 304) found = await answer.json();
  } catch {
    return null; // The server is away: the header says so, and these are the last figures that there were.
  }
  if (!wanted() || found === null) return null;
  if (answer.ok) return { figures: found, tag: answer.headers.get("ETag") };
  content.replaceChildren(el("p", { class: "unavailable", role: "status" }, el("strong", {}, found.title), el("span", {}, found.detail)));
  return { figures: null, tag: null };
}
