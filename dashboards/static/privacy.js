// Whether the page shows names: the bar says so, as the server says it of the stream.

import { byId, setText } from "./dom.js";

/** Shows `phi` (shown, withheld, why) in the bar; gives what the page has to say of it, or "". */
export function showPrivacy(phi) {
  const place = byId("privacy");
  if (!place || !phi) return "";
  const shown = phi.shown ? "Patient names shown (PHI)" : "Pseudonyms only";
  place.dataset.phi = phi.shown ? "shown" : "withheld";
  setText(place.querySelector(".sign"), phi.shown ? "◉" : "○");
  setText(place.querySelector(".text"), shown);
  if (!phi.shown) place.title = phi.why;
  return phi.withheld === "not-recorded" ? phi.why : "";
}
