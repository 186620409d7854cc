// The intervals of one exam as bars over one axis, each with its target.

import * as clock from "./clock.js";
import { el, svg } from "./dom.js";
import { duration } from "./labels.js";

const percent = (number) => `${number.toFixed(2)}%`;

/** Rows of measured, running and excluded intervals. */
export function intervalTable({ intervals, under_way: running, excluded }, scale, now) {
  const rows = [
    ...running.map((one) => intervalRow(one, Date.parse(one.start_at), now, scale, "is-running")),
    ...intervals.map((one) => intervalRow(one, Date.parse(one.start_at), Date.parse(one.end_at), scale, "is-measured")),
    ...excluded.map((one) => excludedRow(one)),
  ];
  if (!rows.length) return el("p", { class: "empty" }, "None measured yet: both ends have to be known.");
  const head = ["Interval", "On the time axis", "Took", "Target"].map((text, i) =>
    el("th", { scope: "col", class: i === 1 ? "axis-head" : i > 1 ? "number" : null }, text));
  return el("table", { class: "bars" }, el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows));
}

function intervalRow(one, startMs, endMs, scale, kind) {
  const seconds = (endMs - startMs) / 1000;
  const target = one.target_s ?? null;
  const late = target !== null && seconds > target;
  const state = target === null ? "" : late ? "is-late" : "is-kept";
  const took = el("td", { class: "number strong" }, duration(seconds), kind === "is-running" && el("span", { class: "sub" }, "so far"));
  return el("tr", { class: `${kind} ${state}`, title: one.meaning },
    el("th", { scope: "row" }, one.label, el("span", { class: "sub" }, one.meaning)),
    el("td", { class: "axis-cell" }, bar(startMs, endMs, target, scale)),
    took,
    el("td", { class: "number" }, target === null ? "–" : duration(target), target !== null && el("span", { class: "sub verdict" }, verdict(seconds - target, kind))));
}

function verdict(over, kind) {
  if (over > 0) return `✕ ${duration(over)} over`;
  return kind === "is-running" ? `${duration(-over)} left` : "✓ kept";
}

function bar(startMs, endMs, target, scale) {
  const from = scale.place(startMs);
  const width = Math.max(0.4, scale.place(endMs) - from);
  const marks = [svg("rect", { class: "span", x: percent(from), width: percent(width), y: 5, height: 9, rx: 2 })];
  const due = target === null ? null : startMs + target * 1000;
  if (due !== null && due <= scale.points.at(-1)) {
    const x = percent(scale.place(due));
    marks.push(svg("line", { class: "due", x1: x, x2: x, y1: 1, y2: 18 }));
  }
  return svg("svg", { class: "line", "aria-hidden": "true" }, svg("rect", { class: "rail", x: 0, y: 9, width: "100%", height: 1 }), marks);
}

function excludedRow(one) {
  const at = (instant) => clock.at(Date.parse(instant), true);
  return el("tr", { class: "is-excluded", title: one.why },
    el("th", { scope: "row" }, one.label, el("span", { class: "sub" }, one.why)),
    el("td", { class: "sub" }, `${at(one.start_at)} to ${at(one.end_at)}, as it was said`),
    el("td", { class: "number" }, "not measured"), el("td", { class: "number" }, "–"));
}
