// The figures of the quality page as tables: what is wrong has a sign and a number besides its colour.

import * as clock from "./clock.js";
import { term } from "./definitions.js";
import { el, svg } from "./dom.js";
import { duration, eventLabel } from "./labels.js";

const TITLES = {
  missing: "Exams that lack something", late: "Late events", duplicates: "Repeated deliveries",
  contradictions: "Exams that contradict themselves", clocks: "Clock faults",
};
const percent = (share) => (share === null ? "–" : share > 0 && share < 0.001 ? "<0.1 %" : `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`);
const count = (n) => n.toLocaleString("en");
/** A distance in time that may lie on either side, with its sign. */
const apart = (seconds) => `${seconds < 0 ? "−" : "+"}${Math.abs(seconds) < 10 ? `${Math.abs(seconds).toFixed(1)}\u202fs` : duration(Math.abs(seconds))}`;
const took = (seconds) => (seconds < 0 ? apart(seconds) : seconds < 10 ? `${seconds.toFixed(1)}\u202fs` : duration(seconds));

export const sourceName = ({ system, facility, protocol }) =>
  [system || "(unnamed)", facility, protocol].filter(Boolean).join(" · ");

export function summaryTiles(content, { rows }) {
  content.replaceChildren(el("dl", { class: "tiles" }, rows.map((row) =>
    el("div", { class: `tile${row.count ? " is-found" : ""}` },
      el("dt", {}, term(TITLES[row.part], row.meaning)),
      el("dd", {}, el("a", { href: `#h-${row.part}` }, count(row.count)),
        el("span", { class: "sub" }, `${percent(row.share)} of ${count(row.of)}`))))));
}

/** One line per source, one column per fault. */
export function faultsTable(content, { rows, faults }, link) {
  const sources = new Map();
  for (const row of rows) {
    const name = sourceName(row);
    if (!sources.has(name)) sources.set(name, new Map());
    sources.get(name).set(row.fault, row);
  }
  const lines = [...sources].map(([name, found]) => {
    const any = found.values().next().value;
    return el("tr", {}, el("th", { scope: "row" }, name), number(count(any.exams)),
      faults.map(({ fault, label }) => faultCell(found.get(fault), label, name, link)));
  });
  content.replaceChildren(table(["Source of the exam", "Exams", ...faults.map((one) => el("span", { "data-fault": one.fault }, term(one.label, one.meaning)))], lines));
}

function faultCell(row, label, name, link) {
  if (!row.faulty) return el("td", { class: "number is-none" }, "0");
  const told = `${row.faulty} of ${row.exams} exams of ${name}: ${label}`;
  return el("td", { class: "number is-faulty", "data-weight": weight(row.share) },
    link(count(row.faulty), { fault: row.fault, row }, told), el("span", { class: "sub" }, percent(row.share)));
}

const weight = (share) => (share >= 0.5 ? 3 : share >= 0.1 ? 2 : 1);

export function lateTable(content, { rows, bound_s }, link) {
  const heads = ["Source", "Events", "p50", "p95", "Longest", term("Late", `Took more than ${duration(bound_s)} to reach us`), "Share"];
  content.replaceChildren(table(heads, rows.map((row) => el("tr", {},
    el("th", { scope: "row" }, sourceName(row)), number(count(row.events)), number(took(row.p50_s)), number(took(row.p95_s)), number(took(row.max_s)),
    linked(row.late, row.share, () => link(count(row.late), { row }, `${row.late} late events of ${sourceName(row)}`)), bar(row.share)))));
}

export function duplicatesTable(content, { rows }, link) {
  const heads = ["Source", term("Repeated", "Events that came more than once"), term("Copies", "Deliveries beyond the first"), "Exams", "What", "Last"];
  content.replaceChildren(table(heads, rows.map((row) => el("tr", {},
    el("th", { scope: "row" }, sourceName(row)),
    linked(row.events, 0, () => link(count(row.events), { row }, `${row.events} repeated events of ${sourceName(row)}`)),
    number(count(row.copies)), number(count(row.exams)),
    el("td", {}, row.event_types.split(" ").map(eventLabel).join(", ")), el("td", { class: "number" }, clock.at(Date.parse(row.last_at)))))));
}

export function clocksTable(content, { rows }, link) {
  const widest = Math.max(1, ...rows.map((row) => Math.abs(row.median_s) + row.spread_s / 2));
  const heads = ["Source", "Events", "Behind or ahead of ours", term("Median", "Half of the events were said to have happened earlier than this, beside our clock"),
    term("Spread", "Distance between the quarter that is furthest behind and the quarter that is nearest"),
    term("Nearest", "One in a hundred events comes closer: the best guess of the clock itself"),
    term("Ahead", "Events that were said to happen after we learned of them"), "Faults"];
  content.replaceChildren(table(heads, rows.map((row) => el("tr", {},
    el("th", { scope: "row" }, sourceName(row)), number(count(row.events)), el("td", { class: "bar-cell" }, distance(row, widest)),
    number(apart(row.median_s)), number(duration(row.spread_s)), number(apart(row.nearest_s)), number(count(row.ahead)),
    linked(row.faults, row.faults / row.events, () => link(count(row.faults), { row }, `${row.faults} clock faults of ${sourceName(row)}`))))));
}

export function scannersTable(content, { rows }, link) {
  const heads = ["Scanner", "Modality", "Exams", "With faults", "Share", "Which"];
  content.replaceChildren(table(heads, rows.map((row) => el("tr", {},
    el("th", { scope: "row" }, row.station), el("td", {}, row.modality || "–"), number(count(row.exams)),
    linked(row.faulty, row.share, () => link(count(row.faulty), { station: row.station }, `${row.faulty} exams of ${row.station} with a clock fault`)),
    bar(row.share), el("td", { class: "codes" }, row.faults || "–")))));
}

const number = (text) => el("td", { class: "number" }, text);
const linked = (n, share, made) => (n ? el("td", { class: "number is-faulty", "data-weight": weight(share) }, made()) : el("td", { class: "number is-none" }, "0"));

function bar(share) {
  return el("td", { class: "share-cell" }, svg("svg", { class: "share", "aria-hidden": "true" },
    svg("rect", { class: "rail", width: "100%", height: "100%", rx: 2 }),
    svg("rect", { class: "part", width: `${Math.min(100, share * 100).toFixed(2)}%`, height: "100%", rx: 2 })), el("span", {}, percent(share)));
}

/** The middle half around our clock; the axis is the square root, so that seconds and hours are both seen. */
function distance(row, widest) {
  const x = (seconds) => 50 + (Math.sign(seconds) * Math.sqrt(Math.abs(seconds) / widest)) * 48;
  const [left, right] = [x(row.median_s - row.spread_s / 2), x(row.median_s + row.spread_s / 2)];
  return svg("svg", { class: "distance", "aria-hidden": "true" },
    svg("line", { class: "zero", x1: "50%", x2: "50%", y1: 1, y2: 18 }),
    svg("rect", { class: "half", x: `${left.toFixed(2)}%`, width: `${Math.max(0.5, right - left).toFixed(2)}%`, y: 6, height: 7, rx: 2 }),
    svg("circle", { class: "median", cx: `${x(row.median_s).toFixed(2)}%`, cy: 9.5, r: 3.5 }));
}

function table(heads, rows) {
  const name = typeof heads[0] === "string" ? heads[0] : heads[0].textContent;
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `By ${name.toLowerCase()}` },
    el("table", {}, el("thead", {}, el("tr", {}, heads.map((head, i) => el("th", { scope: "col", class: i ? "number" : null }, head)))), el("tbody", {}, rows)));
}
