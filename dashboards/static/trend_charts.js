// Charts by BokehJS. Every chart has its figures as a table as well: a canvas says nothing to a screen reader.

import { el } from "./dom.js";
import { duration } from "./labels.js";
import { figures } from "./trend_tables.js";

const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const STEPS_S = [1, 5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800];
// Viridis: its lightness alone tells the order, whoever sees it.
const RAMP = ["#440154", "#482878", "#3e4a89", "#31688e", "#26838f", "#1f9d8a", "#6cce5a", "#b6de2b", "#fee825"];

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** BokehJS comes after the page was painted. */
export async function bokeh() {
  while (!window.Bokeh?.Plotting) await new Promise((done) => setTimeout(done, 20));
  return window.Bokeh;
}

function durationTicks(greatest) {
  const step = STEPS_S.find((one) => greatest / one <= 6) ?? Math.ceil(greatest / 6);
  return Array.from({ length: Math.floor(greatest / step) + 1 }, (_, i) => i * step);
}

export function ticksOf(Bokeh, axis, grid, values, label) {
  const ticker = new Bokeh.FixedTicker({ ticks: values, minor_ticks: [] });
  axis.ticker = ticker;
  grid.ticker = ticker;
  axis.major_label_overrides = new Map(values.map((value, i) => [value, label(value, i)]));
}

function styled(Bokeh, figure) {
  for (const axis of [...figure.xaxes, ...figure.yaxes]) {
    Object.assign(axis, {
      major_label_policy: new Bokeh.NoOverlap({ min_distance: 8 }), // on a phone there is no room for every day
      axis_line_color: colour("line"), major_tick_line_color: colour("line"), minor_tick_line_color: null,
      major_label_text_color: colour("muted"), axis_label_text_color: colour("muted"),
      major_label_text_font_size: "12px", axis_label_text_font_size: "12px", axis_label_text_font_style: "normal",
    });
  }
  for (const grid of figure.center) if ("grid_line_color" in grid) grid.grid_line_color = colour("line");
  return figure;
}

export function made(Bokeh, options) {
  return Bokeh.Plotting.figure({
    height: 280, sizing_mode: "stretch_width", min_width: 200, tools: [], toolbar_location: null,
    background_fill_color: null, border_fill_color: null, outline_line_color: null, ...options,
  });
}

export async function put(Bokeh, content, figure, label, table, keys) {
  const root = el("div", { class: "chart", role: "img", "aria-label": label });
  content.replaceChildren(root, keys ?? "", table);
  await Bokeh.Plotting.show(styled(Bokeh, figure), root);
}

export const key = (kind, text) => el("span", { class: "key" }, el("span", { class: `swatch ${kind}` }), text);

export async function drawTrend(content, { rows, by_hour: byHour, label, period, compare }) {
  const Bokeh = await bokeh();
  const own = rows.filter((row) => row.of === "period");
  const shift = compare ? Date.parse(period.first) - Date.parse(compare.first) : 0;
  const before = rows.filter((row) => row.of === "compare");
  const at = (row) => Date.parse(`${row.at}Z`) + (row.of === "compare" ? shift : 0);
  const greatest = Math.max(1, ...rows.map((row) => row.p90_s));
  const figure = made(Bokeh, { x_axis_type: "datetime", y_range: [0, greatest * 1.06] });
  ticksOf(Bokeh, figure.yaxis, figure.ygrid, durationTicks(greatest), duration);
  const line = (some, name, style) => {
    const data = { x: some.map(at), y: some.map((row) => row[name]), when: some.map((row) => row.at.replace("T00:00", "").replace("T", " ")), took: some.map((row) => duration(row[name])), n: some.map((row) => row.exams) };
    const source = new Bokeh.ColumnDataSource({ data });
    figure.line({ field: "x" }, { field: "y" }, { source, line_width: 2.5, ...style });
    return figure.scatter({ field: "x" }, { field: "y" }, { source, size: 7, line_color: style.line_color, fill_color: name === "p50_s" ? style.line_color : colour("panel"), marker: name === "p50_s" ? "circle" : "diamond" });
  };
  const marks = [line(own, "p90_s", { line_color: colour("asap"), line_dash: "dashed" }), line(own, "p50_s", { line_color: colour("accent") })];
  if (before.length) marks.push(line(before, "p50_s", { line_color: colour("muted"), line_dash: "dotted" }));
  figure.add_tools(new Bokeh.HoverTool({ renderers: marks, tooltips: [[byHour ? "Hour" : "Day", "@when"], ["Took", "@took"], ["Exams", "@n"]] }));
  const keys = el("p", { class: "legend" }, key("p50", "p50, half took less"), key("p90", "p90, nine of ten took less"), before.length ? key("past", "p50 of the period compared") : "");
  const table = figures("Figures of the trend", ["Period", byHour ? "Hour" : "Day", "Exams", "p50", "p90", "p95"], rows.map((row) => [row.of === "period" ? "this" : "compared", row.at.replace("T", " "), row.exams, duration(row.p50_s), duration(row.p90_s), duration(row.p95_s)]));
  await put(Bokeh, content, figure, `${label} ${byHour ? "by the hour" : "by day"}: median and 90th percentile. The figures follow as a table.`, table, keys);
}

export async function drawDistribution(content, { rows, label }) {
  const Bokeh = await bokeh();
  const of = (which) => rows.filter((row) => row.of === which);
  const width = Math.max(...rows.map((row) => (row.to_s ?? row.from_s) - row.from_s), 1);
  const greatest = Math.max(...rows.map((row) => row.from_s + width));
  const total = (some) => some.reduce((sum, row) => sum + row.exams, 0);
  const share = (row) => (row.exams / total(of(row.of))) * 100;
  const figure = made(Bokeh, { x_range: [0, greatest], y_range: [0, Math.max(...rows.map(share)) * 1.1] });
  ticksOf(Bokeh, figure.xaxis, figure.xgrid, durationTicks(greatest), duration);
  figure.yaxis.axis_label = "% of the exams";
  const source = (some) => new Bokeh.ColumnDataSource({ data: {
    left: some.map((row) => row.from_s), right: some.map((row) => row.from_s + width * 0.96), top: some.map(share),
    span: some.map((row) => span(row)), n: some.map((row) => row.exams), percent: some.map((row) => `${share(row).toFixed(1)} %`) } });
  const bars = figure.quad({ field: "left" }, { field: "right" }, 0, { field: "top" }, { source: source(of("period")), fill_color: colour("accent"), fill_alpha: 0.75, line_color: null });
  const marks = [bars];
  if (of("compare").length) marks.push(figure.quad({ field: "left" }, { field: "right" }, 0, { field: "top" }, { source: source(of("compare")), fill_color: null, line_color: colour("ink"), line_width: 1.5 }));
  figure.add_tools(new Bokeh.HoverTool({ renderers: marks, tooltips: [["Took", "@span"], ["Exams", "@n"], ["Share", "@percent"]] }));
  const keys = el("p", { class: "legend" }, key("bar", "this period"), of("compare").length ? key("outline", "the period compared") : "");
  const table = figures("Figures of the distribution", ["Period", "Took", "Exams", "Share"], rows.map((row) => [row.of === "period" ? "this" : "compared", span(row), row.exams, `${share(row).toFixed(1)} %`]));
  await put(Bokeh, content, figure, `How many exams took how long, ${label}. The figures follow as a table.`, table, keys);
}

const span = (row) => (row.to_s === null ? `over ${duration(row.from_s)}` : `${duration(row.from_s)} to ${duration(row.to_s)}`);

export async function drawHeatmap(content, { rows, label }) {
  const Bokeh = await bokeh();
  const [least, most] = [Math.min(...rows.map((row) => row.p50_s)), Math.max(...rows.map((row) => row.p50_s))];
  // By the logarithm: one slow night hour does not make all others alike.
  const place = (seconds) => (most > least ? Math.log((seconds + 1) / (least + 1)) / Math.log((most + 1) / (least + 1)) : 0);
  const shade = (row) => RAMP[Math.min(RAMP.length - 1, Math.floor(place(row.p50_s) * RAMP.length))];
  const figure = made(Bokeh, { x_range: [-0.5, 23.5], y_range: [7.5, 0.5] });
  ticksOf(Bokeh, figure.xaxis, figure.xgrid, [0, 3, 6, 9, 12, 15, 18, 21], (hour) => String(hour).padStart(2, "0"));
  ticksOf(Bokeh, figure.yaxis, figure.ygrid, [1, 2, 3, 4, 5, 6, 7], (day) => DAYS[day - 1].slice(0, 3));
  const source = new Bokeh.ColumnDataSource({ data: {
    x: rows.map((row) => row.hour), y: rows.map((row) => row.weekday), fill: rows.map(shade),
    when: rows.map((row) => `${DAYS[row.weekday - 1]} ${String(row.hour).padStart(2, "0")}:00`), p50: rows.map((row) => duration(row.p50_s)), p90: rows.map((row) => duration(row.p90_s)), n: rows.map((row) => row.exams) } });
  const cells = figure.rect({ field: "x" }, { field: "y" }, 0.94, 0.9, { source, fill_color: { field: "fill" }, line_color: null });
  figure.add_tools(new Bokeh.HoverTool({ renderers: [cells], tooltips: [["", "@when"], ["p50", "@p50"], ["p90", "@p90"], ["Exams", "@n"]] }));
  figure.xgrid.visible = false;
  figure.ygrid.visible = false;
  const keys = el("p", { class: "legend" }, el("span", {}, duration(least)), el("span", { class: "ramp", "aria-hidden": "true" }), el("span", {}, `${duration(most)} median; empty where nothing ended`));
  const sorted = [...rows].sort((a, b) => b.p50_s - a.p50_s);
  const table = figures("Figures of the heat map, the slowest first", ["Weekday", "Hour", "Exams", "p50", "p90"], sorted.map((row) => [DAYS[row.weekday - 1], `${String(row.hour).padStart(2, "0")}:00`, row.exams, duration(row.p50_s), duration(row.p90_s)]));
  await put(Bokeh, content, figure, `Median of ${label} by weekday and hour. The figures follow as a table.`, table, keys);
}
