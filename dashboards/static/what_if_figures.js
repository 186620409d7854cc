// Both sides of a comparison: tiles, bars by Bokeh, and the same as tables.

import { el } from "./dom.js";
import { duration } from "./labels.js";
import { bokeh, colour, key, made, put, ticksOf } from "./trend_charts.js";
import { figures } from "./trend_tables.js";

const percent = (share) => (share === null ? "–" : `${(share * 100).toFixed(1)} %`);
const late = (seconds) => (seconds === null ? "–" : duration(seconds));
const HEADS = ["", "Exams", "Late now", "Late proposed", "Share now", "Share proposed", "Median lateness now", "Median lateness proposed", "Newly late", "No longer late"];

export function drawSummary(content, row) {
  if (!row) {
    content.replaceChildren(el("p", { class: "empty" }, "Nothing that has a target was measured in this period."));
    return;
  }
  const tile = (label, value, sub, judged) => el("div", { class: "tile" }, el("dt", {}, label), el("dd", { class: judged ?? null }, value, el("span", { class: "sub" }, sub)));
  const side = (name, label) => tile(label, percent(row[`${name}_late_share`]), `${row[`${name}_late`]} of ${row[`${name}_judged`]} that have a target, by ${late(row[`${name}_median_late_s`])} (median)`);
  const changes = row.newly_late + row.no_longer_late;
  content.replaceChildren(
    el("dl", { class: "tiles" }, side("now", "Late by the targets now"), side("then", "Late by the proposed"),
      tile("Newly late", String(row.newly_late), "would have been late", row.newly_late ? "is-worse" : null),
      tile("No longer late", String(row.no_longer_late), "would have been in time", row.no_longer_late ? "is-better" : null)),
    el("p", { class: "legend" }, changes ? `${row.exams} intervals judged twice: ${row.newly_late} newly late, ${row.no_longer_late} no longer late.` : `${row.exams} intervals judged twice: no other exams late.`));
}

/** Bars of both sides, one pair for each row; its figures as a table below. */
export async function drawSides(content, rows, what) {
  if (!rows.length) {
    content.replaceChildren(el("p", { class: "empty" }, "Nothing was measured."));
    return;
  }
  const Bokeh = await bokeh();
  const isHour = rows[0].by === "hour";
  const place = (row, i) => (isHour ? Number(row.value) : i);
  const name = (row) => (isHour ? `${row.value.padStart(2, "0")}:00` : row.label);
  const share = (row, side) => (row[`${side}_late_share`] ?? 0) * 100;
  const greatest = Math.max(1, ...rows.flatMap((row) => [share(row, "now"), share(row, "then")]));
  const figure = made(Bokeh, { x_range: isHour ? [-0.6, 23.6] : [-0.6, rows.length - 0.4], y_range: [0, Math.min(100, greatest * 1.1)] });
  const ticks = isHour ? [0, 3, 6, 9, 12, 15, 18, 21] : rows.map((_, i) => i);
  ticksOf(Bokeh, figure.xaxis, figure.xgrid, ticks, (value, i) => (isHour ? String(value).padStart(2, "0") : rows[i].label));
  figure.xgrid.visible = false;
  figure.yaxis.axis_label = "% late";
  const bars = (side, from, to, fill) => {
    const source = new Bokeh.ColumnDataSource({ data: {
      left: rows.map((row, i) => place(row, i) + from), right: rows.map((row, i) => place(row, i) + to), top: rows.map((row) => share(row, side)),
      name: rows.map(name), side: rows.map(() => (side === "now" ? "targets now" : "proposed")), n: rows.map((row) => `${row[`${side}_late`]} of ${row[`${side}_judged`]}`), share: rows.map((row) => percent(row[`${side}_late_share`])) } });
    return figure.quad({ field: "left" }, { field: "right" }, 0, { field: "top" }, { source, fill_color: fill, line_color: null });
  };
  const marks = [bars("now", -0.38, -0.02, colour("out")), bars("then", 0.02, 0.38, colour("accent"))];
  figure.add_tools(new Bokeh.HoverTool({ renderers: marks, tooltips: [["", "@name"], ["", "@side"], ["Late", "@n"], ["Share", "@share"]] }));
  const keys = el("p", { class: "legend" }, key("now", "targets in force now"), key("then", "proposed"));
  await put(Bokeh, content, figure, `Share of late exams by ${what}, now and proposed. The figures follow as a table.`, sidesTable(`Figures by ${what}`, rows, name), keys);
}

function sidesTable(title, rows, name) {
  return figures(title, HEADS, rows.map((row) => [
    name(row), row.exams, row.now_late, row.then_late, percent(row.now_late_share), percent(row.then_late_share),
    late(row.now_median_late_s), late(row.then_median_late_s), row.newly_late, row.no_longer_late]));
}
