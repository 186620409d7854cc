// Who saw what: the question stands in the address, the answer comes page by page.

import * as clock from "./clock.js";
import { byId, el, setText } from "./dom.js";
import { filled } from "./filled.js";
import { examPath } from "./labels.js";
import { Link } from "./link.js";

const FIELDS = ["from", "to", "access", "outcome", "user", "exam_of", "patient"];
const WAIT_MS = 400;
const CLOCK_MS = 3000;
// Subjects of what is said of no one exam (schemas/identity.py).
const NO_EXAM = /^(dashboard|patient|retention)\|/;
// Nobody certifies: it is made by what searched.
const CERTIFIED = "ErasureCertified";
const form = byId("asked");
const more = byId("more");
let run = 0;
let cursor = null;
let waiting = 0;

const question = () => filled(FIELDS.map((name) => form.elements[name]));

async function show({ anew }) {
  const mine = anew ? (run += 1) : run;
  const asked = question();
  if (anew) {
    cursor = null;
    history.replaceState(null, "", `?${asked}`);
    byId("as-csv").href = `/api/audit.csv?${asked}`;
    byId("as-parquet").href = `/api/audit.parquet?${asked}`;
  }
  const page = new URLSearchParams(asked);
  if (cursor) page.set("cursor", cursor);
  more.disabled = true;
  const found = await get(`/api/audit?${page}`);
  more.disabled = false;
  if (mine !== run) return;
  if (anew) byId("rows").replaceChildren();
  if (!found) return;
  for (const name of ["from", "to"]) form.elements[name].value = found.period[name === "from" ? "first" : "last"];
  byId("rows").append(...found.rows.map(line));
  cursor = found.next_cursor;
  more.hidden = !cursor;
  const count = byId("rows").childElementCount;
  byId("empty").hidden = count > 0;
  setText(byId("shown"), `${count}${cursor ? " so far" : ""}`);
}

/** The answer, or null where there is none; why stands above the table. */
async function get(path) {
  try {
    const answer = await fetch(path);
    const found = await answer.json();
    if (answer.ok) return found;
    setText(byId("shown"), found.detail);
  } catch {
    setText(byId("shown"), "The server gives no answer: try again.");
  }
  return null;
}

function line(row) {
  const isExam = row.exam_id.includes("|") && !NO_EXAM.test(row.exam_id);
  return el("tr", {},
    el("td", { class: "when" }, clock.at(Date.parse(row.at), true)),
    el("th", { scope: "row" }, row.user || (row.kind === CERTIFIED ? "radstream" : "nobody known"), row.roles && el("span", { class: "sub" }, row.roles)),
    el("td", {}, row.kind_label || row.kind, row.outcome !== "0" && el("span", { class: "refused" }, row.outcome_label || row.outcome),
      el("span", { class: "sub" }, row.what)),
    el("td", {}, isExam ? el("a", { href: examPath(row.exam_id) }, row.exam_id) : row.patient_key && `patient ${row.patient_key.slice(0, 8)}`),
    el("td", {}, row.address));
}

const given = new URLSearchParams(location.search);
for (const name of FIELDS) if (given.has(name)) form.elements[name].value = given.get(name);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => show({ anew: true }), WAIT_MS);
});
more.addEventListener("click", () => show({ anew: false }));
// Times are told by the department's clock: the first status brings it.
let begun = false;
const begin = () => {
  if (begun) return;
  begun = true;
  show({ anew: true });
};
new Link("/api/stream?exam=none", { status: begin });
setTimeout(begin, CLOCK_MS);
