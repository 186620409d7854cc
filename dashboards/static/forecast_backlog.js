// What stands in line, when it clears, and when with other staffing, in #forecast-backlog.

import { byId, el } from "./dom.js";
import { filled } from "./filled.js";
import { drawQueue } from "./forecast_queues.js";
import { askFigures } from "./figures_asked.js";
import { withInstant } from "./past.js";

const ASK_AGAIN_MS = 300000;
const section = byId("forecast-backlog");
const readers = el("select", { name: "readers" }, [["-1", "one less"], ["", "as they are"], ["+1", "one more"], ["+2", "two more"]].map(([value, text]) => el("option", { value, selected: value === "" }, text)));
const scanners = el("select", { name: "scanners" }, el("option", { value: "" }, "as they are"));
const queues = el("div", { class: "queues" });
const assumed = el("ul", {});
const files = el("span", { class: "files" });
let tag;
let known;
let run = 0;

section.append(
  el("div", { class: "panel asked", role: "search", "aria-label": "Other staffing" },
    el("label", {}, "Readers ", readers), el("label", {}, "Scanners ", scanners),
    el("p", { class: "meaning" }, "What would change from now on: beside the present staffing, in each queue. ", files)),
  queues, el("details", { class: "how" }, el("summary", {}, "What this assumes"), assumed));

const question = () => filled([readers, scanners]);

async function refresh({ anew = true } = {}) {
  run += 1;
  const mine = run;
  if (anew) tag = undefined;
  const answer = await askFigures(`/api/forecast/backlog?${question()}`, tag, queues, () => mine === run);
  if (answer === null) return;
  tag = answer.tag;
  known = answer.figures;
  if (known) await draw(known);
}

async function draw(found) {
  assumed.replaceChildren(...found.assumptions.map((one) => el("li", {}, one)));
  const file = (kind) => el("a", { href: `/api/forecast/backlog.${kind}?${withInstant(question())}` }, kind === "csv" ? "CSV" : "Parquet");
  files.replaceChildren(file("csv"), file("parquet"));
  if (!found.queues.length) {
    const why = found.words[0] ?? "Nobody was ever seen to scan or read an exam: nothing can be said of queues.";
    queues.replaceChildren(el("p", { class: "panel empty" }, why));
    return;
  }
  choices(found);
  const shown = found.queues.map((queue, place) => {
    const content = el("div", { class: "content" });
    return { queue, content, rows: found.rows.filter((row) => row.queue === queue.queue && row.modality === queue.modality),
      before: { local: found.history.local, waiting: found.history.waiting[place] }, cell: cell(queue, place, content) };
  });
  // People first: their queue is what a lead can change today.
  shown.sort((a, b) => order(a.queue) - order(b.queue));
  queues.replaceChildren(...shown.map((one) => one.cell));
  await Promise.all(shown.map((one) => drawQueue(one.content, one)));
}

const order = (queue) => ["reading", "signature", "scanner"].indexOf(queue.queue);
const nameOf = (queue) => (queue.queue === "scanner" ? `${queue.modality}: ${queue.label}` : queue.label[0].toUpperCase() + queue.label.slice(1));

function cell(queue, place, content) {
  const id = `h-queue-${place}`;
  const parts = Object.entries(queue.by_modality).filter(([, waiting]) => waiting).map(([name, waiting]) => `${name} ${waiting}`).join(", ");
  const server = queue.queue === "scanner" ? "scanner" : "person";
  const pace = `${queue.servers_now} at work in the last 3 hours, usually ${queue.servers_usual} now; ${queue.per_server_h} exams an hour and ${server}${queue.is_measured ? "" : " at best: this queue never stood long enough to tell"}.`;
  return el("section", { class: "panel queue", "aria-labelledby": id, "data-queue": queue.queue, "data-modality": queue.modality },
    el("header", { class: "panel-head" }, el("h3", { id }, nameOf(queue))),
    el("p", { class: "waits" }, el("strong", {}, String(queue.waiting)), " now", queue.queue !== "scanner" && parts ? ` (${parts})` : ""),
    el("p", { class: "says" }, queue.present.says),
    queue.changed ? el("p", { class: "says changed" }, el("b", {}, "With the change: "), queue.changed.says) : null,
    content, queue.taken_from ? el("p", { class: "meaning pace taken-from" }, queue.taken_from) : null,
    el("p", { class: "meaning pace" }, pace));
}

function choices(found) {
  const modalities = found.queues.filter((queue) => queue.queue === "scanner").map((queue) => queue.modality);
  const wanted = ["", ...modalities.map((name) => `${name}+1`)];
  if ([...scanners.options].map((one) => one.value).join() === wanted.join()) return;
  const chosen = scanners.value;
  scanners.replaceChildren(...wanted.map((value) => el("option", { value }, value ? `one more ${value.slice(0, -2)}` : "as they are")));
  scanners.value = wanted.includes(chosen) ? chosen : "";
}

for (const field of [readers, scanners]) field.addEventListener("change", () => refresh());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (known) draw(known); });
refresh();
setInterval(() => { if (!document.hidden) refresh({ anew: false }); }, ASK_AGAIN_MS);
