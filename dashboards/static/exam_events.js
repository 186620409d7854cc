// The events of one exam as a waterfall: when each happened by its source's clock, when we learned of it, and
// what it changed then.

import * as clock from "./clock.js";
import { el, svg } from "./dom.js";
import { actorLabel, duration, eventLabel, examPath, stageLabel } from "./labels.js";
import { ticks } from "./time_scale.js";

const percent = (number) => `${number.toFixed(2)}%`;
const HEADS = ["Time", "Event", "On the time axis", "What it changed", "Source", "Clock"];
// Beyond what NTP and typing leave: the clock or the feed deserves a look.
const FAST_CLOCK_S = 2;
const LATE_S = 300;

export function eventTable(events, scale, id, known) {
  const retracted = new Set(events.map((event) => event.corrects).filter(Boolean));
  const fresh = (event) => known.size > 0 && !known.has(event.event_id);
  const rows = events.map((event) => eventRow(event, scale, { id, retracted: retracted.has(event.event_id), fresh: fresh(event) }));
  const heads = HEADS.map((head, i) => el("th", { scope: "col", class: i === 2 ? "axis-head" : null }, i === 2 ? axis(scale) : head));
  return el("table", { class: "waterfall" }, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, rows));
}

function axis(scale) {
  const labels = ticks(scale, 24).map((point) => {
    const x = scale.place(point);
    return svg("text", { x: percent(x), y: 11, "text-anchor": x < 8 ? "start" : x > 92 ? "end" : "middle" }, clock.at(point));
  });
  return [el("span", { class: "unseen" }, HEADS[2]), svg("svg", { class: "axis", "aria-hidden": "true" }, labels)];
}

function eventRow(event, scale, { id, retracted, fresh }) {
  const at = Date.parse(event.occurred_at);
  const origin = [event.source.system, event.source.facility].filter(Boolean).join(" / ");
  return el("tr", { class: [fresh && "is-new", retracted && "is-retracted"].filter(Boolean).join(" ") || null },
    el("td", { class: "time" }, el("time", { datetime: event.occurred_at }, clock.at(at, true)),
      event.delay_s !== null && el("span", { class: "sub" }, `+ ${duration(event.delay_s)}`)),
    el("td", { class: "name" }, el("span", { class: "what" }, eventLabel(event.type)), details(event, retracted, id)),
    el("td", { class: "axis-cell" }, mark(event, scale)),
    el("td", { class: "changes" }, changes(event)),
    el("td", { class: "origin" }, origin || "–", el("span", { class: "sub one-line", title: event.source.message_id }, [event.source.protocol, event.source.message_id].filter(Boolean).join(" · ")),
      event.swim_code && el("span", { class: "sub one-line" }, [event.swim_code, event.swim_term].filter(Boolean).join(" "))),
    lag(event));
}

function mark(event, scale) {
  const [at, learned] = [scale.place(Date.parse(event.occurred_at)), scale.place(Date.parse(event.recorded_at))];
  const marks = [svg("rect", { class: "rail", x: 0, y: 9, width: "100%", height: 1 })];
  if (Math.abs(learned - at) > 0.6) {
    marks.push(svg("line", { class: "wait", x1: percent(at), x2: percent(learned), y1: 9.5, y2: 9.5 }));
    marks.push(svg("svg", { x: percent(learned), y: 9.5, overflow: "visible" }, svg("path", { class: "learned", d: "M0-4.500l4.500 4.500-4.500 4.500-4.500-4.500z" })));
  }
  marks.push(svg("circle", { class: "happened", cx: percent(at), cy: 9.5, r: 4.5 }));
  return svg("svg", { class: "line", "aria-hidden": "true" }, marks);
}

function lag(event) {
  const seconds = event.lag_s;
  const kind = seconds < -FAST_CLOCK_S ? "is-fast" : seconds > LATE_S ? "is-late" : null;
  const note = { "is-fast": "said before it happened: a clock is wrong", "is-late": "learned of late" }[kind];
  const told = seconds < 0 ? `${duration(-seconds)} before` : `${duration(seconds)} after`;
  return el("td", { class: ["clock-lag", kind].filter(Boolean).join(" "), title: `Recorded ${clock.at(Date.parse(event.recorded_at), true)}` },
    el("span", { class: "unseen" }, "recorded "), Math.abs(seconds) < 1 ? "at once" : told, note && el("span", { class: "sub" }, note));
}

function changes(event) {
  if (!event.changes) return "–";
  // The milestone that the event itself is needs no saying.
  const said = event.changes.filter(({ field, after }) => !(field.endsWith("_at") && Date.parse(after) === Date.parse(event.occurred_at)));
  const told = said.map(({ field, before, after }) => el("li", {}, ...change(field, before, after)));
  const ended = (event.measured ?? []).map(({ label, meaning }) => el("li", { class: "measured", title: meaning }, `${label} measured`));
  if (!event.changes.length && !ended.length) return el("span", { class: "sub" }, "nothing that was not known");
  if (!told.length && !ended.length) return "its own time";
  return el("ul", {}, told, ended);
}

function change(field, before, after) {
  const name = fieldLabel(field);
  const to = valueOf(field, after);
  if (before === null) return [el("span", { class: "field" }, name), " ", el("b", {}, to)];
  return [el("span", { class: "field" }, name), " ", el("s", {}, valueOf(field, before)), " → ", el("b", {}, to)];
}

const FIELDS = { next_actor: "Next", instance_count: "Images", series_count: "Series", images_expected: "Expected", study_instance_uid: "Study UID",
  accession_number: "Accession", station_ae_title: "Scanner", patient_key: "Patient", unmatched: "Unmatched" };
function fieldLabel(field) {
  const words = (FIELDS[field] ?? field.replace(/_at$/, "").replaceAll("_", " ")).trim();
  return words[0].toUpperCase() + words.slice(1);
}

function valueOf(field, value) {
  if (value === null) return "–";
  if (field.endsWith("_at")) return clock.at(Date.parse(value), true);
  if (field === "stage") return stageLabel(value);
  if (field === "next_actor") return actorLabel(value);
  if (field === "patient_key") return value.slice(0, 8);
  if (value === true) return "yes";
  return Array.isArray(value) ? value.join(", ") : String(value);
}

function details(event, retracted, id) {
  const told = [];
  if (retracted) told.push("retracted by a later event");
  if (event.corrects) told.push("retracts an earlier event");
  if (event.details.instance_count) told.push(`${event.details.instance_count} images`);
  if (event.details.scheduled_at) told.push(`for ${clock.at(Date.parse(event.details.scheduled_at))}`);
  for (const name of ["station_ae_title", "calling_ae_title", "reported_by", "reason"]) {
    if (event.details[name]) told.push(event.details[name]);
  }
  const others = [event.details.from_exam_id, event.details.into_exam_id].filter((other) => other && other !== id);
  for (const other of others) {
    const link = el("a", { href: examPath(other), class: "exam-link" }, other);
    return el("span", { class: "sub" }, [...told, ""].join(" · "), other === event.details.into_exam_id ? "into " : "from ", link);
  }
  return told.length ? el("span", { class: "sub" }, told.join(" · ")) : null;
}
