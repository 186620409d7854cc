// Coverage day by day, and reliability, as charts; each has its figures as a table as well.

import { el } from "./dom.js";
import { count, percent } from "./forecast_record.js";
import { bokeh, colour, key, made, put, ticksOf } from "./trend_charts.js";
import { figures } from "./trend_tables.js";

const SHARES = [0, 0.2, 0.4, 0.6, 0.8, 1];
const LIVE = { name: "live", colour: "accent", marker: "circle" };
const HELD = { name: "held out", colour: "read", marker: "diamond" };
const nothing = (content, why) => content.replaceChildren(el("p", { class: "empty" }, why));

/** Each side's rows, marked with whose they are; the one that there is nothing of is left out. */
function sides(found, name) {
  return [[LIVE, found.live[name]], [HELD, found.held_out?.[name] ?? []]].filter(([, rows]) => rows.length);
}

const keysOf = (shown) => shown.map(([side]) => key(side === LIVE ? "live" : "held", side === LIVE ? "live" : "held out at training"));

export async function drawCoverage(content, found) {
  const shown = sides(found, "by_day");
  if (!shown.length) return nothing(content, "No forecast has come true or false yet.");
  const Bokeh = await bokeh();
  const days = [...new Set(shown.flatMap(([, rows]) => rows.map((row) => row.day)))].sort();
  // Days in their order, not to scale: held-out days may lie far back.
  const place = new Map(days.map((day, i) => [day, i]));
  const lowest = Math.min(...shown.flatMap(([, rows]) => rows.flatMap((row) => [row.coverage_80, row.expected_low])));
  const figure = made(Bokeh, { x_range: [-0.6, days.length - 0.4], y_range: [Math.max(0, Math.floor(lowest * 5 - 0.25) / 5), 1.02] });
  const step = Math.ceil(days.length / 7);
  ticksOf(Bokeh, figure.xaxis, figure.xgrid, days.map((_, i) => i).filter((i) => i % step === 0), (i) => days[i].slice(5));
  ticksOf(Bokeh, figure.yaxis, figure.ygrid, SHARES, percent);
  const marks = [];
  for (const [side, rows] of shown) {
    const source = new Bokeh.ColumnDataSource({ data: {
      x: rows.map((row) => place.get(row.day)), y: rows.map((row) => row.coverage_80), low: rows.map((row) => row.expected_low), high: rows.map((row) => row.expected_high),
      left: rows.map((row) => place.get(row.day) - 0.45), right: rows.map((row) => place.get(row.day) + 0.45),
      day: rows.map((row) => row.day), n: rows.map((row) => row.forecasts), share: rows.map((row) => percent(row.coverage_80)), whose: rows.map(() => side.name) } });
    figure.quad({ field: "left" }, { field: "right" }, { field: "low" }, { field: "high" }, { source, fill_color: colour("muted"), fill_alpha: 0.2, line_color: null });
    figure.line({ field: "x" }, { field: "y" }, { source, line_width: 2, line_color: colour(side.colour), line_dash: side === LIVE ? "solid" : "dashed" });
    marks.push(figure.scatter({ field: "x" }, { field: "y" }, { source, size: 8, line_color: colour(side.colour), fill_color: colour(side.colour), marker: side.marker }));
  }
  figure.line([-0.6, days.length - 0.4], [0.8, 0.8], { line_color: colour("ink"), line_dash: "dotted", line_width: 1.5 });
  figure.add_tools(new Bokeh.HoverTool({ renderers: marks, tooltips: [["Day", "@day"], ["Within the range", "@share"], ["Forecasts", "@n"], ["Whose", "@whose"]] }));
  const keys = el("p", { class: "legend" }, ...keysOf(shown), key("band", "where it lies by the draw alone, if the range keeps its 80 %"));
  const table = figures("Figures day by day", ["Day", "Whose", "Forecasts", "Within the range of 80 %", "By the draw alone"], shown.flatMap(([side, rows]) => rows.map((row) => [row.day, side.name, count(row.forecasts), percent(row.coverage_80), `${percent(row.expected_low)} to ${percent(row.expected_high)}`])));
  await put(Bokeh, content, figure, "Share of forecasts that came true within their range of 80 %, by day. The figures follow as a table.", table, keys);
}

export async function drawReliability(content, found) {
  const shown = sides(found, "reliability");
  if (!shown.length) return nothing(content, "No probability to be late has come true or false yet. Targets are needed for them: see the alerts.");
  const Bokeh = await bokeh();
  const figure = made(Bokeh, { x_range: [-0.02, 1.02], y_range: [-0.02, 1.04] });
  ticksOf(Bokeh, figure.xaxis, figure.xgrid, SHARES, percent);
  ticksOf(Bokeh, figure.yaxis, figure.ygrid, SHARES, percent);
  figure.xaxis.axis_label = "said";
  figure.yaxis.axis_label = "happened";
  figure.line([0, 1], [0, 1], { line_color: colour("ink"), line_dash: "dotted", line_width: 1.5 });
  const marks = [];
  for (const [side, rows] of shown) {
    const source = new Bokeh.ColumnDataSource({ data: {
      x: rows.map((row) => row.said), y: rows.map((row) => row.share), low: rows.map((row) => row.low), high: rows.map((row) => row.high),
      said: rows.map((row) => percent(row.said)), happened: rows.map((row) => `${percent(row.share)} (${percent(row.low)} to ${percent(row.high)})`), n: rows.map((row) => row.forecasts), whose: rows.map(() => side.name) } });
    figure.segment({ field: "x" }, { field: "low" }, { field: "x" }, { field: "high" }, { source, line_color: colour(side.colour), line_width: 1.5 });
    figure.line({ field: "x" }, { field: "y" }, { source, line_color: colour(side.colour), line_width: 1.5, line_alpha: 0.6, line_dash: side === LIVE ? "solid" : "dashed" });
    marks.push(figure.scatter({ field: "x" }, { field: "y" }, { source, size: 9, line_color: colour(side.colour), fill_color: colour(side.colour), marker: side.marker }));
  }
  figure.add_tools(new Bokeh.HoverTool({ renderers: marks, tooltips: [["Said", "@said"], ["Happened", "@happened"], ["Forecasts", "@n"], ["Whose", "@whose"]] }));
  const keys = el("p", { class: "legend" }, ...keysOf(shown), el("span", {}, "on the dotted line what was said is what happened"));
  const table = figures("Figures of the probabilities", ["Said", "Whose", "Forecasts", "Said on average", "Happened"], shown.flatMap(([side, rows]) => rows.map((row) => [`${row.tenth * 10} to ${row.tenth * 10 + 10} %`, side.name, count(row.forecasts), percent(row.said), `${percent(row.share)} (${percent(row.low)} to ${percent(row.high)})`])));
  await put(Bokeh, content, figure, "Reliability: how often exams were late, by the probability that was said. The figures follow as a table.", table, keys);
}
