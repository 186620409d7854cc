// Turnaround over weeks: what is asked stands in the address, each figure is drawn as soon as it is there.

import * as clock from "./clock.js";
import { byId, el, setText } from "./dom.js";
import { askFigures } from "./figures_asked.js";
import { Link } from "./link.js";
import { patientClass } from "./labels.js";
import { isPast, withInstant } from "./past.js";
import { drawDistribution, drawHeatmap, drawTrend } from "./trend_charts.js";
import { namesTable, stagesTable, summaryTable } from "./trend_tables.js";

const DAY_MS = 86400000;
const ASK_AGAIN_MS = 60000;
const form = byId("asked");
const field = (name) => form.elements[name];
const iso = (ms) => new Date(ms).toISOString().slice(0, 10);
const DRAW = {
  summary: summaryTable,
  trend: drawTrend,
  distribution: drawDistribution,
  heatmap: drawHeatmap,
  stages: stagesTable,
  readers: namesTable,
  scanners: namesTable,
};
const known = new Map();
let run = 0;

/** The period that is compared with, from the choice. */
function compared() {
  const [from, to] = [Date.parse(field("from").value), Date.parse(field("to").value)];
  const days = (to - from) / DAY_MS + 1;
  const back = { before: days, week: 7, year: 364 }[field("against").value];
  if (back) return { compare_from: iso(from - back * DAY_MS), compare_to: iso(to - back * DAY_MS) };
  const own = { compare_from: field("compare_from").value, compare_to: field("compare_to").value };
  return field("against").value === "own" && own.compare_from && own.compare_to ? own : {};
}

function question() {
  const asked = { ...compared() };
  for (const name of ["interval", "from", "to", "site", "modality", "priority", "patient_class"]) {
    if (field(name).value) asked[name] = field(name).value;
  }
  return new URLSearchParams(asked);
}

async function refresh({ anew = true } = {}) {
  run += 1;
  const mine = run;
  const asked = question();
  if (anew) {
    known.clear();
    const address = new URLSearchParams(new FormData(form));
    for (const [name, value] of [...address]) if (!value) address.delete(name);
    history.replaceState(null, "", `?${withInstant(address)}`);
    setText(byId("meaning"), field("interval").selectedOptions[0].title);
    for (const kind of ["csv", "parquet"]) byId(`exams-${kind}`).href = `/api/turnaround/exams.${kind}?${asked}`;
  }
  for (const part of Object.keys(DRAW)) show(part, asked, () => mine === run);
}

async function show(part, asked, wanted) {
  const panel = document.querySelector(`[data-part="${part}"]`);
  const content = panel.querySelector(".content");
  const answer = await askFigures(`/api/turnaround/${part}?${asked}`, known.get(part)?.tag, content, wanted);
  if (answer === null) return;
  const { figures: found, tag } = answer;
  if (found === null) {
    known.delete(part);
    return;
  }
  known.set(part, { tag, found });
  files(panel, part, asked);
  await draw(part, content, found);
}

async function draw(part, content, found) {
  if (!found.rows.length || (part === "summary" && !found.rows.some((row) => row.exams + row.excluded))) {
    const why = part === "scanners" ? "No scanner is known of these exams: modalities name themselves by MPPS or the order." : "Nothing was measured in this period.";
    content.replaceChildren(el("p", { class: "empty" }, why));
    return;
  }
  await DRAW[part](content, found);
}

function files(panel, part, asked) {
  panel.querySelector(".download")?.remove();
  const link = (kind, name) => el("a", { href: `/api/turnaround/${part}.${kind}?${asked}`, download: true, "aria-label": `${panel.querySelector("h2").textContent} as ${name}` }, name);
  panel.querySelector(".panel-head").append(el("span", { class: "download" }, link("csv", "CSV"), link("parquet", "Parquet")));
}

async function choices() {
  try {
    const found = await (await fetch("/api/turnaround/choices")).json();
    for (const [name, values] of Object.entries(found)) {
      const select = field(name);
      const chosen = select.dataset.chosen ?? select.value;
      const options = [...new Set([...values, chosen].filter(Boolean))];
      select.replaceChildren(el("option", { value: "" }, "All"), ...options.map((value) => el("option", { value }, name === "patient_class" ? patientClass(value) : value)));
      select.value = chosen;
    }
  } catch {
    // Without the store there is nothing to choose from.
  }
}

function fromAddress() {
  const address = new URLSearchParams(location.search);
  for (const [name, value] of address) {
    const control = field(name);
    if (!control) continue;
    if (control.tagName === "SELECT" && ![...control.options].some((option) => option.value === value)) {
      control.dataset.chosen = value;
      control.append(el("option", { value }, value));
    }
    control.value = value;
  }
  field("to").value ||= clock.today();
  field("from").value ||= iso(Date.parse(field("to").value) - 6 * DAY_MS);
  showOwn();
}

function showOwn() {
  for (const label of form.querySelectorAll(".own")) label.hidden = field("against").value !== "own";
}

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", () => {
  showOwn();
  for (const select of form.querySelectorAll("select")) delete select.dataset.chosen;
  refresh();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const [part, { found }] of known) draw(part, document.querySelector(`[data-part="${part}"] .content`), found);
});

let started = false;
/** The first word from the server says which day the department has. */
function start() {
  if (started) return;
  started = true;
  fromAddress();
  choices();
  refresh();
  if (!isPast) setInterval(() => refresh({ anew: false }), ASK_AGAIN_MS);
}
new Link("/api/stream?exam=none", { status: start });
