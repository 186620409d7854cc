// One dead letter in full, and the question before something is done to many.

import * as clock from "./clock.js";
import { byId, el, setText } from "./dom.js";
import { bytes } from "./labels.js";

const FACTS = [
  ["dead_letter_id", "Id"], ["recorded_at", "When"], ["origin", "Where it failed"], ["reason", "Why"], ["detail", "Detail"],
  ["system", "Sender"], ["facility", "Facility"], ["protocol", "Protocol"], ["source_message_id", "Message id"], ["destination", "Destination"],
  ["content_type", "Content"], ["sealed_bytes", "Sealed"], ["count", "Written"], ["state", "State"], ["resolution", "Resolution"],
  ["answer", "Answer"], ["resolved_at", "Closed"], ["resolved_by", "Closed by"],
];
const SHOW = {
  recorded_at: (at) => clock.at(Date.parse(at), true), resolved_at: (at) => clock.at(Date.parse(at), true),
  sealed_bytes: bytes, count: (n) => (n === 1 ? "once" : `${n} times`),
};
const dialog = byId("letter");
byId("letter-close").addEventListener("click", () => dialog.close());

export async function showLetter(id) {
  const answer = await fetch(`/api/deadletters/${id}`);
  const found = await answer.json();
  if (!answer.ok) return;
  byId("letter-facts").replaceChildren(...FACTS.filter(([name]) => found[name] !== null && found[name] !== "").map(([name, label]) =>
    el("div", {}, el("dt", {}, label), el("dd", {}, String(SHOW[name]?.(found[name]) ?? found[name])))));
  byId("letter-payload").replaceChildren(found.may_open
    ? el("a", { href: `/api/deadletters/${id}/payload`, download: true }, "Open what was sealed: it names patients, and this is recorded")
    : "What was sealed stays sealed: it names patients, and your role or this installation does not open it here.");
  dialog.showModal();
}

/** Whether the question was answered with yes. */
export function confirmed(text, yes) {
  const box = byId("letters-confirm");
  setText(byId("letters-confirm-text"), text);
  setText(byId("letters-yes"), yes);
  box.returnValue = "";
  box.showModal();
  byId("letters-no").focus();
  return new Promise((answered) => box.addEventListener("close", () => answered(box.returnValue === "yes"), { once: true }));
}
byId("letters-yes").addEventListener("click", () => byId("letters-confirm").close("yes"));
byId("letters-no").addEventListener("click", () => byId("letters-confirm").close(""));
