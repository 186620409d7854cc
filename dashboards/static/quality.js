// The quality of data: what is asked stands in the address, each figure is drawn as soon as it is there.

import { openBehind, closeBehind } from "./behind.js";
import * as clock from "./clock.js";
import { explain } from "./definitions.js";
import { byId, el } from "./dom.js";
import { askFigures } from "./figures_asked.js";
import { filled } from "./filled.js";
import { Link } from "./link.js";
import { atInstant, isPast, withInstant } from "./past.js";
import { clocksTable, duplicatesTable, faultsTable, lateTable, scannersTable, sourceName, summaryTiles } from "./quality_tables.js";

const DAY_MS = 86400000;
const ASK_AGAIN_MS = 30000;
const FIELDS = ["from", "to", "site", "bound_s"];
const SOURCE = ["system", "facility", "protocol"];
// What the address says of the figure that is opened.
const BEHIND = ["behind", "fault", "station", ...SOURCE.map((name) => `of_${name}`)];
const form = byId("asked");
const field = (name) => form.elements[name];
const DRAW = {
  summary: summaryTiles,
  missing: faultsTable,
  late: lateTable,
  duplicates: duplicatesTable,
  contradictions: faultsTable,
  clocks: clocksTable,
  scanners: scannersTable,
};
const NOTHING = {
  missing: "No report was signed in this period.",
  late: "No event came in this period.",
  duplicates: "Nothing came twice in this period.",
  contradictions: "No event came in this period.",
  clocks: "No event came in this period.",
  scanners: "No scanner is known of these exams: modalities name themselves by MPPS or the order.",
};
const tags = new Map();
let run = 0;

/** What is asked, for the API. */
function question() {
  const asked = filled(FIELDS.map(field));
  if (field("source").value) {
    const source = JSON.parse(field("source").value);
    for (const name of SOURCE) asked.set(name, source[name]);
  }
  return asked;
}

async function refresh({ anew = true } = {}) {
  run += 1;
  const mine = run;
  const asked = question();
  if (anew) {
    tags.clear();
    const open = new URLSearchParams(location.search);
    const address = new URLSearchParams(asked);
    if (open.has("behind")) for (const name of BEHIND) if (open.has(name)) address.set(name, open.get(name));
    history.replaceState(null, "", `?${withInstant(address)}`);
  }
  await Promise.all(Object.keys(DRAW).map((part) => show(part, asked, () => mine === run)));
}

async function show(part, asked, wanted) {
  const panel = document.querySelector(`[data-part="${part}"]`);
  const content = panel.querySelector(".content");
  const answer = await askFigures(`/api/quality/${part}?${asked}`, tags.get(part), content, wanted);
  if (answer === null) return;
  const { figures: found, tag } = answer;
  if (found === null) {
    tags.delete(part);
    return;
  }
  tags.set(part, tag);
  if (part !== "summary") {
    explain(panel.querySelector("h2"), found.meaning);
    files(panel, part, asked);
  }
  if (!found.rows.length) content.replaceChildren(el("p", { class: "empty" }, NOTHING[part]));
  else DRAW[part](content, found, link(part, asked));
}

/** A link to what is behind a figure: it opens beside the page, and can be sent to someone. */
function link(part, asked) {
  return (text, { fault, station, row }, label) => {
    const address = withInstant(new URLSearchParams(asked));
    address.set("behind", part);
    if (fault) address.set("fault", fault);
    if (station) address.set("station", station);
    if (row) for (const name of SOURCE) address.set(`of_${name}`, row[name]);
    return el("a", {
      href: `?${address}`, class: "behind-link", "aria-label": label,
      on: { click: (event) => { if (!event.metaKey && !event.ctrlKey) { event.preventDefault(); history.pushState(null, "", `?${address}`); fromHistory(); } } },
    }, text);
  };
}

function fromHistory() {
  const address = new URLSearchParams(location.search);
  const part = address.get("behind");
  if (!part) return closeBehind();
  const asked = question();
  for (const name of SOURCE) if (address.has(`of_${name}`)) asked.set(name, address.get(`of_${name}`));
  for (const name of ["fault", "station"]) if (address.has(name)) asked.set(name, address.get(name));
  return openBehind(part, asked, () => {
    for (const name of BEHIND) address.delete(name);
    history.replaceState(null, "", `?${address}`);
  });
}

function files(panel, part, asked) {
  panel.querySelector(".download")?.remove();
  const name = panel.querySelector("h2").textContent;
  panel.querySelector(".panel-head").append(el("span", { class: "download" },
    el("a", { href: `/api/quality/${part}.csv?${asked}`, download: true, "aria-label": `${name} as CSV` }, "CSV")));
}

async function choices() {
  try {
    const found = await (await fetch(atInstant(`/api/quality/choices?${new URLSearchParams({ from: field("from").value, to: field("to").value })}`))).json();
    fill("site", (found.site ?? []).map((site) => [site, site]));
    fill("source", (found.sources ?? []).map((source) => [JSON.stringify(source), sourceName(source)]));
  } catch {
    // Without the store there is nothing to choose from.
  }
}

function fill(name, options) {
  const select = field(name);
  const chosen = select.value;
  if (chosen && !options.some(([value]) => value === chosen)) options.push([chosen, name === "source" ? sourceName(JSON.parse(chosen)) : chosen]);
  select.replaceChildren(el("option", { value: "" }, "All"), ...options.map(([value, text]) => el("option", { value }, text)));
  select.value = chosen;
}

function fromAddress() {
  const address = new URLSearchParams(location.search);
  const source = Object.fromEntries(SOURCE.map((name) => [name, address.get(name) ?? ""]));
  if (SOURCE.some((name) => address.has(name))) fill("source", [[JSON.stringify(source), sourceName(source)]]), (field("source").value = JSON.stringify(source));
  if (address.get("site")) fill("site", [[address.get("site"), address.get("site")]]);
  for (const name of FIELDS) if (address.get(name)) field(name).value = address.get(name);
  field("to").value ||= clock.today();
  field("from").value ||= new Date(Date.parse(field("to").value) - 6 * DAY_MS).toISOString().slice(0, 10);
}

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", () => { refresh(); choices(); });
addEventListener("popstate", fromHistory);

let started = false;
/** The first word from the server says which day the department has. */
function start() {
  if (started) return;
  started = true;
  fromAddress();
  choices();
  refresh();
  fromHistory();
  if (!isPast) setInterval(() => { if (!document.hidden) refresh({ anew: false }); }, ASK_AGAIN_MS);
}
new Link("/api/stream?exam=none", { status: start });
