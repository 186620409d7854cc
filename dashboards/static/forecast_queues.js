// The length of a queue: how it was, and the range that holds four of five of what it will be.

import { el } from "./dom.js";
import { byDay } from "./forecast_fans.js";
import { bokeh, colour, key, made, put } from "./trend_charts.js";
import { figures } from "./trend_tables.js";

const when = (local) => Date.parse(`${local}Z`);
const words = (local) => local.replace("T", " ");

export async function drawQueue(content, { queue, rows, before }) {
  const Bokeh = await bokeh();
  const isChanged = queue.changed !== undefined;
  const greatest = Math.max(4, ...before.waiting, ...rows.map((row) => Math.max(row.p90, row.changed_p50 ?? 0)));
  const figure = made(Bokeh, { x_axis_type: "datetime", y_range: [0, greatest * 1.08], height: 200 });
  const past = new Bokeh.ColumnDataSource({ data: { x: before.local.map(when), y: before.waiting, when: before.local.map(words) } });
  const was = figure.line({ field: "x" }, { field: "y" }, { source: past, line_color: colour("muted"), line_width: 2 });
  const all = [{ local: before.local.at(-1), p10: queue.waiting, p50: queue.waiting, p90: queue.waiting, changed_p10: queue.waiting, changed_p50: queue.waiting, changed_p90: queue.waiting }, ...rows];
  const source = new Bokeh.ColumnDataSource({ data: {
    x: all.map((row) => when(row.local)), low: all.map((row) => row.p10), high: all.map((row) => row.p90), p50: all.map((row) => row.p50),
    changed: all.map((row) => row.changed_p50 ?? NaN), when: all.map((row) => words(row.local)), told: all.map((row) => `${row.p10} to ${row.p90}`) } });
  figure.varea({ field: "x" }, { field: "low" }, { field: "high" }, { source, fill_color: colour("accent"), fill_alpha: 0.22 });
  const line = figure.line({ field: "x" }, { field: "p50" }, { source, line_color: colour("accent"), line_width: 2.5 });
  const tips = [["", "@when"], ["Median", "@p50"], ["Four of five", "@told"]];
  if (isChanged) {
    figure.line({ field: "x" }, { field: "changed" }, { source, line_color: colour("good"), line_width: 2.5, line_dash: "dashed" });
    tips.push(["With the change", "@changed"]);
  }
  byDay(Bokeh, figure, "%a %d");
  figure.add_tools(new Bokeh.HoverTool({ renderers: [line], tooltips: tips }));
  figure.add_tools(new Bokeh.HoverTool({ renderers: [was], tooltips: [["", "@when"], ["Waited", "@y"]] }));
  const keys = el("p", { class: "legend" }, key("was", "waited"), key("p50", "median"), key("fan-band", "four of five"), isChanged ? key("changed", "median with the change") : "");
  const heads = ["Hour ends", "Median", "Four of five", ...(isChanged ? ["With the change", "Four of five"] : [])];
  const table = figures("Figures", heads, rows.map((row) => [words(row.local), row.p50, `${row.p10} to ${row.p90}`, ...(isChanged && row.changed_p50 !== null ? [row.changed_p50, `${row.changed_p10} to ${row.changed_p90}`] : [])]));
  await put(Bokeh, content, figure, `${queue.modality === "all" ? "Exams" : queue.modality} ${queue.label}: the last day and the next. The figures follow as a table.`, table, keys);
}
