// The worklist as it was: read once, page by page.

import { byId, setText } from "./dom.js";
import { atInstant } from "./past.js";
import { showPrivacy } from "./privacy.js";

/** Fills `exams`; where the past cannot be told the page says why. */
export async function showPast(exams) {
  const rows = [];
  let cursor = "";
  do {
    const answer = await fetch(atInstant(`/api/worklist?limit=1000${cursor && `&cursor=${encodeURIComponent(cursor)}`}`));
    const found = await answer.json();
    if (!answer.ok) return tell(found.detail);
    rows.push(...found.items);
    cursor = found.next_cursor ?? "";
    showPrivacy(found.phi);
    if (found.as_of.is_before_first) tell("Nothing was known yet at that instant.");
  } while (cursor);
  exams.handlers().snapshot({ rows });
}

function tell(what) {
  byId("notice").hidden = false;
  setText(byId("notice"), what);
}
