// Fans: what was counted, then the range that holds four of five, its median and the baseline.

import { el } from "./dom.js";
import { bokeh, colour, key, made, put } from "./trend_charts.js";
import { figures } from "./trend_tables.js";

const WIDTH_MS = { hour: 3600000, day: 86400000 };
const when = (local) => Date.parse(`${local}${local.includes("T") ? "" : "T00:00"}Z`);
const words = (local) => local.replace("T", " ");
const range = (row) => `${row.p10} to ${row.p90}`;
const naive = (row) => (row.naive_p50 === null ? "–" : `${row.naive_p50} (${row.naive_p10} to ${row.naive_p90})`);

/** Days with their names: 11/01 is another day on each side of an ocean. */
export function byDay(Bokeh, figure, days = "%a %d %b") {
  figure.xaxis.formatter = new Bokeh.DatetimeTickFormatter({ hours: "%H:%M", days, months: "%b %Y", strip_leading_zeros: false });
}

const fanKeys = (more = []) => el("p", { class: "legend" }, key("counted", "counted"), key("p50", "median"), key("fan-band", "four of five"), ...more);

/** `rows` are to come, `before` has the times of what was counted, `counts` how many there were. */
export async function drawFan(content, { rows, before, counts, label, by, isSmall = false }) {
  const Bokeh = await bokeh();
  const width = WIDTH_MS[by];
  const shown = isSmall ? 24 : before.local.length;
  const past = before.local.slice(-shown).map((local, i) => ({ local, exams: counts.slice(-shown)[i] }));
  const greatest = Math.max(1, ...rows.map((row) => Math.max(row.p90, row.naive_p50 ?? 0, by === "hour" ? row.appointed : 0)), ...past.map((one) => one.exams));
  const figure = made(Bokeh, { x_axis_type: "datetime", y_range: [0, greatest * 1.08], height: isSmall ? 190 : 280 });
  const counted = new Bokeh.ColumnDataSource({ data: { x: past.map((one) => when(one.local) + width / 2), top: past.map((one) => one.exams), when: past.map((one) => words(one.local)) } });
  const bars = figure.vbar({ field: "x" }, width * 0.86, { field: "top" }, 0, { source: counted, fill_color: colour("muted"), fill_alpha: 0.45, line_color: null });
  const x = rows.map((row) => when(row.local) + width / 2);
  const source = new Bokeh.ColumnDataSource({ data: {
    x, low: rows.map((row) => row.p10), high: rows.map((row) => row.p90), p50: rows.map((row) => row.p50), naive: rows.map((row) => row.naive_p50 ?? NaN),
    appointed: rows.map((row) => row.appointed), when: rows.map((row) => words(row.local)), told: rows.map(range), usual: rows.map(naive) } });
  figure.varea({ field: "x" }, { field: "low" }, { field: "high" }, { source, fill_color: colour("accent"), fill_alpha: 0.22 });
  figure.line({ field: "x" }, { field: "naive" }, { source, line_color: colour("ink"), line_dash: "dashed", line_width: 1.5, line_alpha: 0.7 });
  const line = figure.line({ field: "x" }, { field: "p50" }, { source, line_color: colour("accent"), line_width: 2.5 });
  const marks = figure.scatter({ field: "x" }, { field: "p50" }, { source, size: isSmall ? 4 : 6, line_color: colour("accent"), fill_color: colour("accent") });
  const has = by === "hour" && rows.some((row) => row.appointed);
  const due = rows.filter((row) => row.appointed);
  const expected = new Bokeh.ColumnDataSource({ data: { x: due.map((row) => when(row.local) + width / 2), y: due.map((row) => row.appointed) } });
  if (has) figure.scatter({ field: "x" }, { field: "y" }, { source: expected, size: 7, marker: "diamond", line_color: colour("asap"), fill_color: colour("panel"), line_width: 1.5 });
  byDay(Bokeh, figure, isSmall ? "%a %d" : undefined);
  figure.add_tools(new Bokeh.HoverTool({ renderers: [marks, line], tooltips: [["", "@when"], ["Median", "@p50"], ["Four of five", "@told"], ["Last 8 weeks", "@usual"], ["Expected now", "@appointed"]] }));
  figure.add_tools(new Bokeh.HoverTool({ renderers: [bars], tooltips: [["", "@when"], ["Counted", "@top"]] }));
  const keys = isSmall ? "" : fanKeys([key("past-dash", "same time in the last 8 weeks"), has ? key("appointed", "ordered, expected in that hour") : ""]);
  const table = figures(`Figures: ${label}`, [by === "hour" ? "Hour" : "Day", "Median", "Four of five", "Mean", "Last 8 weeks", "Expected now"],
    rows.map((row) => [words(row.local), row.p50, range(row), row.expected, naive(row), row.appointed]));
  await put(Bokeh, content, figure, `${label} by the ${by}: what was counted, and the range that holds four of five. The figures follow as a table.`, table, keys);
}
