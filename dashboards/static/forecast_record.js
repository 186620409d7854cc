// The track record as tables: live forecasts beside those of the days that were held out at training.

import { coded, el } from "./dom.js";

const NARROW = "\u202f";
const ABOUT = "–";
const PROMISED = { coverage_80: 0.8, coverage_90: 0.9 };
// So far an interval may be off in a group that is large enough to be judged.
const MOST_OFF = 0.05;

export const percent = (share) => `${Math.round(share * 100)}${NARROW}%`;
export const count = (number) => number.toLocaleString("en");
const minutes = (number) => `${number.toFixed(number < 10 ? 1 : 0)}${NARROW}min`;

/** A share with what holds the true one nineteen times in twenty. */
export function withInterval(found) {
  if (found === null) return ABOUT;
  return [percent(found.share), " ", el("span", { class: "of" }, `(${Math.round(found.low * 100)}–${Math.round(found.high * 100)})`)];
}

/** What is in use, from what it learned, and of what there is no model. */
export function modelWords(model, since) {
  const day = (at) => at.slice(0, 10);
  const live = since === null ? " No live forecast was made yet." : ` Live forecasts are kept since ${day(since)}.`;
  if (model.version === null) return [el("span", {}, coded(model.why)), " ", el("span", {}, coded(model.next_step)), live];
  const words = [`In use: ${model.version}, trained on ${day(model.made_at)} from ${count(model.exams)} exams, ${day(model.data_from)} to ${day(model.data_until)}. Why it is in use: ${model.why}.`];
  if (!model.is_record_kept) words.push(" An older radstream trained it, which kept no record of its held-out days: `radstream train` makes one.");
  if (model.drift.verdict === "drifted") words.push(` The last week is unlike the weeks that it learned from: ${model.drift.reasons.join("; ")}. `, "`radstream train` learns from the latest weeks.");
  else if (model.drift.verdict === "steady") words.push(" The last week is like the weeks that it learned from.");
  for (const one of model.without_model) words.push(` ${one.label[0].toUpperCase()}${one.label.slice(1)} is forecast by the rolling median: ${one.why}.`);
  return [...words, live].map((text) => el("span", {}, coded(text)));
}

const SIDES = (found) => [
  { name: `Live, last ${found.days} days`, figures: found.live.all, groups: found.live.groups },
  { name: heldName(found.held_out), figures: found.held_out?.all ?? null, groups: found.held_out?.groups ?? [] },
];
const heldName = (held) => (held ? `Held out at training, ${held.first_day} to ${held.last_day}` : "Held out at training");

export function scoresTable(content, found) {
  const sides = SIDES(found);
  const rows = [
    ["Forecasts that came true or false", (one) => count(one.forecasts)],
    ["Within the range of 80 %", (one) => withInterval(one.coverage_80)],
    ["Within the range of 90 %", (one) => withInterval(one.coverage_90)],
    ["Pinball loss, beside the rolling median's", (one) => beside(one, "pinball_min", minutes)],
    ["How far off the median was", (one) => beside(one, "median_error_min", minutes)],
    ["Brier score of the probability to be late", (one) => beside(one, "brier", (value) => value.toFixed(3))],
    ["Forecast without a model", (one) => (one.forecasts ? percent(one.by_baseline / one.forecasts) : ABOUT)],
  ];
  const cell = (side, told) => el("td", { class: "number side" }, side.figures === null ? ABOUT : side.figures.is_too_few && told !== rows[0][1] ? el("span", { class: "too-few" }, "too few") : told(side.figures));
  content.replaceChildren(scroll("Scores", el("table", { class: "sides" },
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, ""), sides.map((side) => el("th", { scope: "col", class: "number side" }, side.name)))),
    el("tbody", {}, rows.map(([name, told]) => el("tr", {}, el("th", { scope: "row" }, name), sides.map((side) => cell(side, told))))))));
}

/** Ours, the baseline's, and by how much ours is better; worse is said as such. */
function beside(figures, name, told) {
  const [ours, theirs, less] = [figures[name], figures[`${name}_baseline`], figures[`${name}_less`]];
  if (ours === null) return ABOUT;
  if (less === null) return told(ours);
  const word = less >= 0 ? "less" : "more";
  return [told(ours), " ", el("span", { class: "of" }, `of ${told(theirs)}: `, el("span", { class: less >= 0 ? "is-better" : "is-worse" }, `${percent(Math.abs(less))} ${word}`))];
}

export function groupsTable(content, found) {
  const sides = SIDES(found);
  const name = (row) => (row.by === "milestone" ? label(found, row.milestone) : `${row.modality || "no modality"} ${row.priority}`);
  const rows = new Map();
  for (const [place, side] of sides.entries()) for (const row of side.groups) {
    const key = `${row.by} ${name(row)}`;
    if (!rows.has(key)) rows.set(key, { by: row.by, name: name(row), of: [null, null] });
    rows.get(key).of[place] = row;
  }
  if (!rows.size) {
    content.replaceChildren(el("p", { class: "empty" }, "No forecast has come true or false yet."));
    return;
  }
  const most = (row) => Math.max(...row.of.map((one) => one?.forecasts ?? 0));
  const sorted = [...rows.values()].sort((a, b) => a.by.localeCompare(b.by) || most(b) - most(a));
  const heads = ["Forecasts", "In 80 %", "In 90 %", "Loss less", "Brier"];
  content.replaceChildren(scroll("By milestone, modality and priority", el("table", { class: "sides" },
    el("thead", {},
      el("tr", {}, el("th", { scope: "col", rowspan: 2 }, "Which"), sides.map((side) => el("th", { scope: "colgroup", colspan: heads.length, class: "side" }, side.name))),
      el("tr", {}, sides.flatMap(() => heads.map((head, i) => el("th", { scope: "col", class: i ? "number" : "number side" }, head))))),
    el("tbody", {}, sorted.map((row, i) => el("tr", { class: i && row.by !== sorted[i - 1].by ? "is-part" : null },
      el("th", { scope: "row" }, row.name), row.of.flatMap(groupCells)))))));
}

function groupCells(row) {
  const number = (inside, first) => el("td", { class: first ? "number side" : "number" }, inside);
  if (row === null) return [number(ABOUT, true), ...Array.from({ length: 4 }, () => number(ABOUT))];
  if (row.is_too_few) return [number(count(row.forecasts), true), el("td", { class: "number too-few", colspan: 4 }, "too few to judge")];
  return [
    number(count(row.forecasts), true),
    ...["coverage_80", "coverage_90"].map((name) => number(covered(row[name], PROMISED[name]))),
    number(row.pinball_min_less === null ? ABOUT : el("span", { class: row.pinball_min_less < 0 ? "is-worse" : null }, percent(row.pinball_min_less))),
    number(row.brier === null ? ABOUT : row.brier.toFixed(3)),
  ];
}

/** Marked where it is off by more than chance and more than may be. */
function covered(found, promised) {
  if (found === null) return ABOUT;
  const isOff = Math.abs(found.share - promised) > MOST_OFF && (found.low > promised || found.high < promised);
  return isOff ? el("span", { class: "miss", title: `promised ${percent(promised)}` }, `${percent(found.share)} !`) : percent(found.share);
}

const label = (found, milestone) => found.choices.milestone.find((one) => one.milestone === milestone)?.label ?? milestone;
export const scroll = (name, table) => el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": name }, table);
