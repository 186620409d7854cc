// The page of forecasts: what is asked of the track record stands in the address; on top, whether to trust it.

import { byId, coded, el, setText } from "./dom.js";
import { askFigures } from "./figures_asked.js";
import { filled } from "./filled.js";
import { drawCoverage, drawReliability } from "./forecast_charts.js";
import { groupsTable, modelWords, scoresTable } from "./forecast_record.js";
import { showWarnings } from "./forecast_warning.js";
import { Link } from "./link.js";

const ASK_AGAIN_MS = 60000;
const FIELDS = ["days", "milestone", "modality", "priority"];
const form = byId("asked");
const field = (name) => form.elements[name];
const tags = new Map();
const known = new Map();
let run = 0;

const question = () => filled(FIELDS.map(field));

async function refresh({ anew = true } = {}) {
  run += 1;
  const mine = run;
  const asked = question();
  if (anew) {
    tags.clear();
    history.replaceState(null, "", `?${asked}${location.hash}`);
  }
  const ofAllDays = new URLSearchParams(asked);
  ofAllDays.delete("days");
  await Promise.all([
    show("record", `/api/forecast/record?${asked}`, byId("scores"), drawRecord, () => mine === run),
    show("warnings", `/api/forecast/warnings?${ofAllDays}`, byId("warned"), showWarnings, () => mine === run),
  ]);
}

async function show(name, address, content, draw, wanted) {
  const answer = await askFigures(address, tags.get(name), content, wanted);
  if (answer === null) return;
  if (answer.figures === null) {
    tags.delete(name);
    known.delete(name);
    if (name === "record") unknown();
    return;
  }
  tags.set(name, answer.tag);
  known.set(name, answer.figures);
  await draw(answer.figures);
}

async function drawRecord(found) {
  const { trust, says, next_step: step } = found.verdict;
  byId("trust").dataset.trust = trust;
  setText(byId("trust-says"), says);
  byId("trust-step").replaceChildren(...coded(step ?? ""));
  byId("model").replaceChildren(...modelWords(found.model, found.live.since));
  choices(found.choices);
  scoresTable(byId("scores"), found);
  groupsTable(byId("groups"), found);
  await Promise.all([drawCoverage(byId("coverage"), found), drawReliability(byId("reliability"), found)]);
}

/** Without the store nobody can say. */
function unknown() {
  byId("trust").dataset.trust = "unknown";
  setText(byId("trust-says"), "How far forecasts can be trusted is not known now.");
  setText(byId("trust-step"), "");
  for (const id of ["coverage", "reliability", "groups"]) byId(id).replaceChildren();
}

function choices(found) {
  fill("milestone", found.milestone.map((one) => [one.milestone, one.label]));
  for (const name of ["modality", "priority"]) fill(name, found[name].map((value) => [value, value]));
}

function fill(name, options) {
  const chosen = field(name).value;
  if (chosen && !options.some(([value]) => value === chosen)) options.push([chosen, chosen]);
  field(name).replaceChildren(el("option", { value: "" }, "All"), ...options.map(([value, text]) => el("option", { value }, text)));
  field(name).value = chosen;
}

function fromAddress() {
  for (const [name, value] of new URLSearchParams(location.search)) {
    if (!FIELDS.includes(name)) continue;
    if (![...field(name).options].some((option) => option.value === value)) field(name).append(el("option", { value }, value));
    field(name).value = value;
  }
}

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", () => refresh());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  if (known.has("record")) drawRecord(known.get("record"));
  if (known.has("warnings")) showWarnings(known.get("warnings"));
});
fromAddress();
refresh();
setInterval(() => { if (!document.hidden) refresh({ anew: false }); }, ASK_AGAIN_MS);
new Link("/api/stream?exam=none", {});
