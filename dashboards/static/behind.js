// The exams or events behind a figure, page by page, in a dialog.

import * as clock from "./clock.js";
import { byId, el, setText } from "./dom.js";
import { duration, eventLabel, examPath, stageLabel } from "./labels.js";
import { atInstant } from "./past.js";
import { sourceName } from "./quality_tables.js";

const dialog = byId("behind");
const list = byId("behind-rows");
const more = byId("behind-more");
let asked = null;
let cursor = null;
let onClose = () => {};

const TITLES = {
  missing: "Finished exams without", late: "Late events", duplicates: "Events that came again",
  contradictions: "Exams with", clocks: "Events from a clock that is ahead", scanners: "Exams with clock faults of",
};

export function openBehind(part, question, closed) {
  asked = { part, question };
  cursor = null;
  onClose = closed;
  const label = question.has("fault") ? faultLabel(question.get("fault")) : question.get("station") ?? "";
  const source = question.has("system") ? ` · ${sourceName(Object.fromEntries(question))}` : "";
  setText(byId("behind-title"), `${TITLES[part] ?? part} ${label}${source}`.trim());
  byId("behind-csv").href = `/api/quality/${part}/behind.csv?${question}`;
  list.replaceChildren();
  if (!dialog.open) dialog.showModal();
  next();
}

export function closeBehind() {
  if (dialog.open) dialog.close();
}

/** As the head of its column calls it; by its name until the table is there. */
const faultLabel = (fault) => document.querySelector(`[data-fault="${CSS.escape(fault)}"] .term`)?.firstChild.textContent.toLowerCase() ?? fault.replaceAll("_", " ");

async function next() {
  const mine = asked;
  const question = new URLSearchParams(mine.question);
  if (cursor) question.set("cursor", cursor);
  more.disabled = true;
  try {
    const answer = await fetch(atInstant(`/api/quality/${mine.part}/behind?${question}`));
    const found = await answer.json();
    if (mine !== asked) return;
    if (!answer.ok) return note(found.detail);
    const first = list.childElementCount === 0;
    list.append(...found.rows.map(line));
    cursor = found.next_cursor;
    more.hidden = !cursor;
    note(list.childElementCount ? `${list.childElementCount}${cursor ? " so far" : ""}` : "None any more.");
    if (first) list.parentElement.parentElement.scrollTop = 0;
  } catch {
    note("The server gives no answer: try again.");
    more.hidden = false;
  } finally {
    more.disabled = false;
  }
}

const note = (text) => setText(byId("behind-note"), text);

function line(row) {
  const exam = el("a", { href: examPath(row.exam_id) }, row.accession_number || row.exam_id);
  return el("tr", {},
    el("th", { scope: "row" }, exam),
    el("td", {}, row.event_type ? eventLabel(row.event_type) : [row.modality, row.procedure_name].filter(Boolean).join(" ") || "–"),
    el("td", {}, told(row)),
    el("td", {}, sourceName(row)),
    el("td", { class: "number" }, clock.at(Date.parse(row.at))));
}

function told(row) {
  if (row.value_s !== undefined) return `${duration(Math.abs(row.value_s))} ${asked.part === "clocks" ? "ahead" : "late"}`;
  if (row.deliveries !== undefined) return `${row.deliveries} times`;
  return [stageLabel(row.stage), row.clock_faults].filter(Boolean).join(" · ");
}

more.addEventListener("click", next);
byId("behind-close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener("close", () => { asked = null; onClose(); });
