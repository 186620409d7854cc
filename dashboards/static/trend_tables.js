// The figures of the turnaround page as tables: each is read by sight, by keyboard and by a screen reader.

import { el, svg } from "./dom.js";
import { duration } from "./labels.js";

const took = (seconds) => (seconds === null ? "–" : duration(seconds));

/** A table that stands folded below its chart. */
export function figures(title, heads, rows) {
  const cell = (value, i) => el("td", { class: i > 1 ? "number" : null }, String(value));
  return el("details", {}, el("summary", {}, title),
    el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": title },
      el("table", {}, el("thead", {}, el("tr", {}, heads.map((head, i) => el("th", { scope: "col", class: i > 1 ? "number" : null }, head)))),
        el("tbody", {}, rows.map((row) => el("tr", {}, row.map(cell)))))));
}

export function summaryTable(content, { rows }) {
  const own = rows.find((row) => row.of === "period");
  const before = rows.find((row) => row.of === "compare");
  const tile = (name, label, show) => el("div", { class: "tile" },
    el("dt", {}, label), el("dd", {}, show(own[name]), before && change(own[name], before[name], show, name)));
  content.replaceChildren(el("dl", { class: "tiles" },
    tile("exams", "Exams", (n) => String(n)), tile("p50_s", "p50 (median)", took), tile("p90_s", "p90", took),
    tile("p95_s", "p95", took), tile("mean_s", "Mean", took), tile("excluded", "Not measured", (n) => String(n))));
}

/** More or less than before, told by an arrow and a word besides the colour. */
function change(now, then, show, name) {
  if (now === null || !then) return el("span", { class: "sub" }, `was ${show(then ?? null)}`);
  const percent = then ? ((now - then) / then) * 100 : 0;
  const way = Math.abs(percent) < 0.5 ? "same" : percent > 0 ? "more" : "less";
  const judged = name === "exams" ? "" : { more: "is-worse", less: "is-better", same: "" }[way];
  const arrow = { more: "▲", less: "▼", same: "=" }[way];
  return el("span", { class: `sub ${judged}` }, `${arrow} ${Math.abs(percent).toFixed(0)} %, was ${show(then)}`);
}

export function stagesTable(content, { rows }) {
  const greatest = Math.max(...rows.map((row) => row.p90_s));
  content.replaceChildren(table(["Step", "p50 to p90", "Share", "p50", "p90", "Exams"], rows.map((row) =>
    el("tr", { class: row.is_slowest ? "is-slowest" : null, title: row.meaning },
      el("th", { scope: "row" }, row.label, row.is_slowest && el("span", { class: "slowest" }, "slowest"), el("span", { class: "sub" }, row.meaning)),
      el("td", { class: "bar-cell" }, range(row, greatest)),
      ...numbers([`${(row.share * 100).toFixed(0)} %`, took(row.p50_s), took(row.p90_s), row.exams])))));
}

export function namesTable(content, { rows }) {
  const greatest = Math.max(...rows.map((row) => row.p90_s));
  content.replaceChildren(table(["Name", "p50 to p90", "p50", "p90", "Exams"], rows.map((row) =>
    el("tr", {}, el("th", { scope: "row" }, row.name), el("td", { class: "bar-cell" }, range(row, greatest)), ...numbers([took(row.p50_s), took(row.p90_s), row.exams])))));
}

const numbers = (values) => values.map((value) => el("td", { class: "number" }, String(value)));

function table(heads, rows) {
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": heads[0] },
    el("table", {}, el("thead", {}, el("tr", {}, heads.map((head, i) => el("th", { scope: "col", class: i > 1 ? "number" : i === 1 ? "bar-cell" : null }, head)))), el("tbody", {}, rows)));
}

function range(row, greatest) {
  const x = (seconds) => `${((seconds / (greatest || 1)) * 96).toFixed(2)}%`;
  return svg("svg", { class: "range", "aria-hidden": "true" },
    svg("rect", { class: "rail", x: 0, y: 9, width: "100%", height: 1 }),
    svg("rect", { class: "median", x: 0, y: 4, width: x(row.p50_s), height: 11, rx: 2 }),
    svg("line", { class: "whisker", x1: x(row.p50_s), x2: x(row.p90_s), y1: 9.5, y2: 9.5 }),
    svg("line", { class: "whisker", x1: x(row.p90_s), x2: x(row.p90_s), y1: 4, y2: 15 }));
}
