// History judged by other targets: what is proposed is sent with each question, nothing is changed by it.

import * as clock from "./clock.js";
import { byId, el, setText } from "./dom.js";
import { duration, examPath, patientClass } from "./labels.js";
import { Link } from "./link.js";
import { Refused, save, send } from "./send.js";
import { drawSides, drawSummary } from "./what_if_figures.js";
import { TargetLines } from "./what_if_targets.js";

const DAY_MS = 86400000;
const WAIT_MS = 500;
const CLOCK_MS = 3000;
const FIELDS = ["interval", "from", "to", "site", "modality", "priority", "patient_class"];
const KEPT = "radstream-what-if-targets";
const form = byId("asked");
const lines = new TargetLines(byId("targets"), () => soon());
let run = 0;
let waiting = 0;
let cursor = null;
let shown = null;

function question() {
  const asked = { targets: lines.toml() };
  for (const name of FIELDS) if (form.elements[name].value) asked[name] = form.elements[name].value;
  return asked;
}

function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, WAIT_MS);
}

async function refresh() {
  run += 1;
  const mine = run;
  const asked = question();
  sessionStorage.setItem(KEPT, asked.targets);
  const address = new URLSearchParams(Object.entries(asked).filter(([name]) => name !== "targets"));
  history.replaceState(null, "", `?${address}`);
  const found = await answered(() => Promise.all([send("POST", "/api/what-if", asked), send("POST", "/api/what-if/exams?limit=50", asked)]));
  if (mine !== run || !found) return;
  const [figures, exams] = found;
  shown = figures;
  await draw();
  byId("changed").replaceChildren();
  append(exams);
}

async function draw() {
  const by = (name) => shown.rows.filter((row) => row.by === name);
  drawSummary(byId("summary"), by("all").find((row) => row.now_judged + row.then_judged));
  for (const name of ["hour", "modality", "priority", "interval"]) await drawSides(byId(`by-${name}`), by(name), name);
}

/** What `ask` gives; a mistake stands beside the targets, and what was shown before stays. */
async function answered(ask) {
  try {
    const found = await ask();
    byId("mistake").hidden = true;
    byId("notice").hidden = true;
    return found;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const place = byId(error.status === 422 ? "mistake" : "notice");
    place.hidden = false;
    setText(place, error.message);
    return null;
  }
}

function append(page) {
  byId("changed").append(...page.rows.map(line));
  cursor = page.next_cursor;
  byId("more").hidden = !cursor;
  const count = byId("changed").childElementCount;
  setText(byId("changed-count"), `${count}${cursor ? " so far" : ""}`);
}

function line(row) {
  const allowed = (seconds) => (seconds === null ? "none" : duration(seconds));
  const number = (text) => el("td", { class: "number" }, text);
  return el("tr", {},
    el("th", { scope: "row" }, el("a", { href: examPath(row.exam_id) }, row.accession_number || row.exam_id)),
    el("td", {}, row.label),
    el("td", {}, el("span", { class: row.then === "late" ? "late" : "in-time" }, row.then)),
    number(duration(row.took_s)), number(allowed(row.now_due_s)), number(allowed(row.then_due_s)),
    el("td", {}, [row.modality, row.priority, row.patient_class && patientClass(row.patient_class), row.site].filter(Boolean).join(", ")),
    number(clock.at(Date.parse(row.end_at))));
}

async function more() {
  const mine = run;
  const page = await answered(() => send("POST", `/api/what-if/exams?limit=50&cursor=${encodeURIComponent(cursor)}`, question()));
  if (page && mine === run) append(page);
}

/** The targets in force; those proposed before, in this tab, where there are some and `anew` is not asked. */
async function begin({ anew }) {
  const force = await answered(async () => {
    const answer = await fetch("/api/what-if/targets");
    const found = await answer.json();
    if (!answer.ok) throw new Refused(answer.status, found);
    return found;
  });
  if (!force) return;
  const { targets, ...known } = force;
  lines.offer(known);
  const interval = form.elements.interval;
  if (interval.options.length === 1) interval.append(...known.intervals.map((one) => el("option", { value: one.interval, title: one.meaning }, one.label)));
  interval.value = interval.dataset.chosen ?? interval.value;
  const kept = anew ? null : sessionStorage.getItem(KEPT);
  const proposed = kept && (await answered(() => send("POST", "/api/what-if/targets", { targets: kept })));
  lines.show((proposed || force).targets);
  await refresh();
}

async function choices() {
  try {
    const found = await (await fetch("/api/turnaround/choices")).json();
    for (const [name, values] of Object.entries(found)) {
      const select = form.elements[name];
      const chosen = select.dataset.chosen ?? select.value;
      const options = [...new Set([...values, chosen].filter(Boolean))];
      select.replaceChildren(el("option", { value: "" }, "All"), ...options.map((value) => el("option", { value }, name === "patient_class" ? patientClass(value) : value)));
      select.value = chosen;
    }
    lines.offer({ modalities: found.modality ?? [], sites: found.site ?? [] });
  } catch {
    // Without the store there is nothing to choose from.
  }
}

function saveToml() {
  const address = URL.createObjectURL(new Blob([lines.toml()], { type: "application/toml" }));
  const link = el("a", { href: address, download: "targets.toml" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", () => {
  for (const select of form.querySelectorAll("select")) delete select.dataset.chosen;
  soon();
});
byId("add").addEventListener("click", () => lines.add());
byId("more").addEventListener("click", more);
byId("reset").addEventListener("click", () => begin({ anew: true }));
byId("as-toml").addEventListener("click", saveToml);
byId("figures-csv").addEventListener("click", () => answered(() => save("/api/what-if.csv", question(), "what-if-figures.csv")));
byId("exams-csv").addEventListener("click", () => answered(() => save("/api/what-if/exams.csv", question(), "what-if-exams.csv")));
byId("file").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (!file) return;
  const text = await file.text();
  const found = await answered(() => send("POST", "/api/what-if/targets", { targets: text }));
  event.target.value = "";
  if (!found) return;
  lines.show(found.targets);
  await refresh();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => shown && draw());

const iso = (ms) => new Date(ms).toISOString().slice(0, 10);
let started = false;
/** The first word from the server says which day the department has. */
async function start() {
  if (started) return;
  started = true;
  for (const [name, value] of new URLSearchParams(location.search)) {
    const control = form.elements[name];
    if (!control) continue;
    if (control.tagName === "SELECT") control.dataset.chosen = value;
    control.value = value;
  }
  form.elements.to.value ||= clock.today();
  form.elements.from.value ||= iso(Date.parse(form.elements.to.value) - 6 * DAY_MS);
  await choices();
  await begin({ anew: false });
}
new Link("/api/stream?exam=none", { status: start });
setTimeout(start, CLOCK_MS);
