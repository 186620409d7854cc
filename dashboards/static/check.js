// The comparison of turnaround times with those computed a second way.

import { byId, el, setText } from "./dom.js";
import { age, duration, examPath } from "./labels.js";

const EVERY_MS = 60_000;
const WHILE_RUNNING_MS = 2_000;

const WORDS = {
  equal: "Both ways the same",
  different: "Differences",
  unknown: "Not compared yet",
  off: "Not available here",
  away: "No answer from the server",
};
const REASONS = { clock_fault: "not measured: clock fault", end_before_start: "not measured: ends before it starts" };

const panel = byId("check");
const part = (name) => panel.querySelector(`.check-${name}`);

async function ask() {
  let running = false;
  try {
    const answer = await fetch("/api/check", { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const told = await answer.json();
    running = told.is_running;
    draw(told);
  } catch {
    show("away");
  }
  setTimeout(ask, running ? WHILE_RUNNING_MS : EVERY_MS);
}

function show(state, text = WORDS[state]) {
  panel.dataset.state = state;
  setText(part("state").querySelector(".text"), text);
}

function draw(told) {
  const n = told.differing_intervals;
  const running = told.state === "unknown" && told.is_running ? "Comparing" : null;
  show(told.state, running ?? (told.state === "different" ? `${n} interval${n === 1 ? "" : "s"} differ${n === 1 ? "s" : ""}` : WORDS[told.state]));
  figures(told);
  note(told);
  differences(told);
}

function figures(told) {
  const box = part("figures");
  box.hidden = told.compared_at === null;
  if (box.hidden) return;
  const ago = (Date.now() - Date.parse(told.compared_at)) / 1000;
  const pair = (label, value) => el("div", {}, el("dt", {}, label), el("dd", {}, value));
  box.replaceChildren(
    pair("Exams", told.exams.toLocaleString("en")), pair("Intervals", told.intervals.toLocaleString("en")),
    pair("Exams that differ", told.differing_exams.toLocaleString("en")),
    pair("Compared", ago < 60 ? "just now" : `${age(ago)} ago`), pair("Took", took(told.took_s)));
}

const took = (seconds) => (seconds < 10 ? `${seconds.toFixed(1)}\u202fs` : duration(seconds));

function note(told) {
  const box = part("note");
  box.hidden = told.failed === null;
  if (!box.hidden) setText(box, `The last comparison failed. ${told.failed} It is tried again by itself.`);
}

function differences(told) {
  const box = part("differences");
  box.hidden = told.differences.length === 0;
  if (box.hidden) return;
  const heads = ["Exam", "Interval", "From the events", "On the pages"];
  const rows = told.differences.map((one) => el("tr", {},
    el("th", { scope: "row" }, el("a", { href: examPath(one.exam_id) }, one.exam_id)),
    el("td", { title: one.meaning }, one.label), stated(one.of_events, one.of_view, heads[2]), stated(one.of_view, one.of_events, heads[3])));
  const left = told.differing_intervals - told.differences.length;
  box.replaceChildren(
    el("table", {}, el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))), el("tbody", {}, rows)),
    el("p", { class: "check-more" }, left > 0 ? `and ${left} more. ` : "",
      "“radstream rebuild turnaround --check” says whether the fold has what the log has."));
}

/** One side of a difference; the instants stand in the title, to the microsecond. */
function stated(own, other, head) {
  if (own === null) return el("td", { class: "check-none", "data-head": head }, "none");
  const told = other !== null && words(own) === words(other) ? exact(own) : words(own);
  const moved = other !== null && other.start_at !== own.start_at && other.end_at !== own.end_at ? ", at another time" : "";
  return el("td", { title: `${own.start_at} to ${own.end_at}`, "data-head": head }, told + moved);
}

const seconds = (own) => (Date.parse(own.end_at) - Date.parse(own.start_at)) / 1000;
const words = (own) => REASONS[own.excluded_reason] ?? (own.excluded_reason || duration(seconds(own)));
/** Where both round to the same words. */
const exact = (own) => `${own.excluded_reason ? `${words(own)}, ` : ""}${seconds(own).toFixed(3)}\u202fs`;

if (panel) ask();
