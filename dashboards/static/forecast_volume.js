// How much comes tomorrow and in the next two weeks, in #forecast-volume.

import { byId, el } from "./dom.js";
import { drawFan } from "./forecast_fans.js";
import { recordTable } from "./forecast_volume_record.js";
import { askFigures } from "./figures_asked.js";
import { withInstant } from "./past.js";

const ASK_AGAIN_MS = 300000;
const STEPS = [["arrived", "Arrivals"], ["ordered", "Orders"], ["begun", "Exams begun"], ["complete", "Images complete"], ["reported", "Final reports"]];
const section = byId("forecast-volume");
const choice = el("select", { name: "step", id: "volume-step" }, STEPS.map(([value, text]) => el("option", { value }, text)));
const words = el("div", { class: "volume-words" });
const whole = el("div", { class: "content" });
const days = el("div", { class: "content" });
const parts = el("div", { class: "fans" });
const method = el("p", {});
const record = el("div", { class: "content" });
const baseline = el("p", {});
const files = el("span", { class: "files" });
let tag;
let known;
let recordTag;
let run = 0;

function panel(id, title, content, more) {
  return el("section", { class: "panel", "aria-labelledby": id }, el("header", { class: "panel-head" }, el("h3", { id }, title), more), content);
}

section.append(
  el("div", { class: "panel asked", role: "search", "aria-label": "What is counted" }, el("label", {}, "What is counted ", choice), words),
  el("div", { class: "figures" },
    panel("h-volume-day", "The next 24 hours, all exams", whole, files),
    panel("h-volume-days", "The next 14 days, all exams", days),
    el("section", { class: "panel whole", "aria-labelledby": "h-volume-parts" }, el("header", { class: "panel-head" }, el("h3", { id: "h-volume-parts" }, "The next 24 hours, by modality")), parts),
    el("section", { class: "panel whole", "aria-labelledby": "h-volume-record" }, el("header", { class: "panel-head" }, el("h3", { id: "h-volume-record" }, "How right volume and backlog would have been in the last two weeks")), record),
    el("details", { class: "whole how" }, el("summary", {}, "How this is forecast"), method, baseline)));

async function refresh({ anew = true } = {}) {
  run += 1;
  const mine = run;
  if (anew) tag = undefined;
  const answer = await askFigures(`/api/forecast/volume?step=${choice.value}`, tag, whole, () => mine === run);
  if (answer === null) return;
  tag = answer.tag;
  known = answer.figures;
  if (known === null) {
    for (const place of [days, parts, words]) place.replaceChildren();
    return;
  }
  const file = (kind) => el("a", { href: `/api/forecast/volume.${kind}?${withInstant(new URLSearchParams({ step: choice.value }))}` }, kind === "csv" ? "CSV" : "Parquet");
  files.replaceChildren(file("csv"), file("parquet"));
  await draw(known);
  if (anew) showRecord();
}

/** It takes the server some seconds, once a day: nothing waits for it. */
async function showRecord() {
  if (recordTag === undefined) record.replaceChildren(el("p", { class: "empty" }, "Being worked out …"));
  const answer = await askFigures("/api/forecast/volume/record", recordTag, record, () => true);
  if (answer === null) return;
  recordTag = answer.tag ?? undefined;
  if (answer.figures) recordTable(record, answer.figures);
}

async function draw(found) {
  words.replaceChildren(...found.words.map((one) => el("p", { class: "meaning" }, one)));
  method.textContent = found.method;
  baseline.textContent = `Dashed: ${found.baseline}`;
  const [{ step }] = found.steps; // what is chosen may be another one by now
  if (!found.rows.length) {
    whole.replaceChildren(el("p", { class: "empty" }, found.words[0]));
    for (const place of [days, parts]) place.replaceChildren();
    return;
  }
  const fan = (by, modality) => ({
    rows: found.rows.filter((row) => row.by === by && row.modality === modality),
    before: found.history[step][by],
    counts: found.history[step][by].exams[modality],
    label: `${STEPS.find(([value]) => value === step)[1]}${modality === "all" ? "" : `, ${modality}`}`,
  });
  const places = found.modalities.slice(1).map((modality) => {
    const content = el("div", { class: "content" });
    return { modality, content, cell: el("section", { class: "fan", "aria-label": modality }, el("h4", {}, modality), content) };
  });
  parts.replaceChildren(...places.map((one) => one.cell));
  await Promise.all([
    drawFan(whole, { ...fan("hour", "all"), by: "hour" }),
    drawFan(days, { ...fan("day", "all"), by: "day" }),
    ...places.map((one) => drawFan(one.content, { ...fan("hour", one.modality), by: "hour", isSmall: true })),
  ]);
}

choice.addEventListener("change", () => refresh());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (known) draw(known); });
refresh();
setInterval(() => { if (!document.hidden) refresh({ anew: false }); }, ASK_AGAIN_MS);
