// What early warnings would be worth at each threshold: all of them come at once, the slider asks nothing.

import { byId, el, setText } from "./dom.js";
import { count, percent, scroll, withInterval } from "./forecast_record.js";

const slider = byId("threshold");
const FEWEST = 20;
let found = null;
let isMoved = false;

export function showWarnings(answer) {
  found = answer;
  const used = answer.in_use;
  setText(byId("raised"), `Alerts, as they were raised: ${answer.raised.says}`);
  byId("in-use").hidden = !used.length;
  byId("threshold-in-use").replaceChildren(...used.map((one) => el("option", { value: Math.round(one * 100) })));
  if (used.length) {
    setText(byId("in-use"), `Alerts warn at ${used.map(percent).join(", or by target at ")} now: marked on the slider.`);
    if (!isMoved) slider.value = Math.round(used[0] * 100);
  }
  draw();
}

function draw() {
  const threshold = Number(slider.value) / 100;
  const told = percent(threshold);
  setText(byId("threshold-told"), told);
  slider.setAttribute("aria-valuetext", told);
  if (found === null) return;
  const at = (rows) => rows.find((row) => Math.abs(row.threshold - threshold) < 0.001) ?? null;
  const sides = [[`Live, last ${found.days} days`, at(found.live)], ["Held out at training, looked at now and then", at(found.held_out)]].filter(([, row]) => row !== null);
  if (!sides.length) {
    byId("warned").replaceChildren(el("p", { class: "empty" }, "Nothing that has a target was due yet."));
    return;
  }
  const enough = sides.find(([, row]) => row.came_true >= FEWEST) ?? sides.find(([, row]) => row.came_true > 0);
  byId("warned").replaceChildren(el("div", { class: "warned" }, table(sides), enough ? leads(...enough) : el("p", { class: "empty" }, "No warning at this threshold came true.")));
}

function table(sides) {
  const rows = [
    ["Intervals that were due", (row) => count(row.intervals)],
    ["Breaches", (row) => count(row.breaches)],
    ["Warnings", (row) => count(row.warned)],
    ["Came true (precision)", (row) => withInterval(row.precision)],
    ["Breaches that were warned of (recall)", (row) => withInterval(row.recall)],
    ["Minutes before the breach, median", (row) => minutes(row)],
  ];
  return scroll("Early warning", el("table", { class: "sides" },
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, ""), sides.map(([name]) => el("th", { scope: "col", class: "number side" }, name)))),
    el("tbody", {}, rows.map(([name, said]) => el("tr", {}, el("th", { scope: "row" }, name), sides.map(([, row]) => el("td", { class: "number side" }, said(row))))))));
}

function minutes(row) {
  if (row.lead_p50_min === null) return "–";
  return [Math.round(row.lead_p50_min), " ", el("span", { class: "of" }, `(${Math.round(row.lead_p10_min)}–${Math.round(row.lead_p90_min)} four times in five)`)];
}

function leads(name, row) {
  const most = Math.max(...row.leads.map((one) => one.breaches), 1);
  const span = (one) => (one.to_min === null ? `${one.from_min} or more` : `${one.from_min} to ${one.to_min}`);
  const bars = row.leads.flatMap((one) => [
    el("span", {}, span(one)),
    svgBar(one.breaches / most),
    el("span", { class: "number" }, count(one.breaches)),
  ]);
  return el("div", {}, el("p", { class: "leads-title" }, `Minutes from the warning to the breach; breaches. ${name}`), el("div", { class: "leads", role: "group", "aria-label": "Minutes from the warning to the breach" }, bars));
}

/** Widths are set by the script: the page's policy lets no style attribute in. */
function svgBar(share) {
  const bar = el("span", { class: "lead-bar", "aria-hidden": "true" });
  bar.style.width = `${(share * 100).toFixed(1)}%`;
  return bar;
}

slider.addEventListener("input", () => { isMoved = true; draw(); });
