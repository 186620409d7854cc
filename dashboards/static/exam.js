// One exam's page: filled from the API, and filled anew whenever the stream says that the exam changed.

import * as clock from "./clock.js";
import { byId, el, setDoubts, setText, svg } from "./dom.js";
import { actorLabel, age, bytes, doubtLabel, doubtMeaning, duration, eventLabel, examPath, patientClass, stageLabel } from "./labels.js";
import { Link } from "./link.js";

const STEPS = [
  ["ordered_at", "Ordered"],
  ["scheduled_at", "Appointment"],
  ["arrived_at", "Arrived"],
  ["started_at", "Started"],
  ["completed_at", "Completed"],
  ["stored_at", "Stored"],
  ["dictated_at", "Dictated"],
  ["preliminary_at", "Preliminary"],
  ["final_at", "Final"],
];
// The analytics store lags behind the board by a moment: ask again until it has caught up.
const ASK_AGAIN_MS = [400, 800, 1500, 3000, 5000, 10000, 20000];

const id = document.body.dataset.exam;
const api = `/api${examPath(id)}`;
let exam = null;
let seen = null;
let asking = 0;

async function get(path) {
  const answer = await fetch(path);
  const found = await answer.json();
  return answer.ok ? found : Promise.reject(Object.assign(new Error(found.detail), { problem: found }));
}

/** Asks for everything; `tries` counts how often the store was behind. */
async function refresh(tries = 0, run = (asking += 1)) {
  let behind = true;
  try {
    const [sheet, line] = await Promise.allSettled([get(api), get(`${api}/timeline`)]);
    if (run !== asking) return;
    if (sheet.status === "fulfilled") showExam(sheet.value);
    if (line.status === "fulfilled") {
      showEvents(line.value.events);
      behind = line.value.events.length < (exam?.event_count ?? 0);
    } else showUnavailable(line.reason.problem);
  } catch {
    // The server is away: the header says so.
  }
  if (behind && run === asking) {
    const wait = ASK_AGAIN_MS[Math.min(tries, ASK_AGAIN_MS.length - 1)];
    setTimeout(() => run === asking && refresh(tries + 1, run), wait);
  }
}

function showExam({ exam: sheet, intervals, excluded, images, analytics }) {
  exam = sheet;
  exam.sinceMs = Date.parse(exam.since);
  showTitle();
  showSteps();
  showFacts(images);
  if (analytics.available) showIntervals(intervals, excluded);
  else byId("intervals").replaceChildren(unavailable(analytics.unavailable_since));
}

function showTitle() {
  const priority = exam.priority ?? "ROUTINE";
  const born = exam.birth_date?.replace(/^(\d{4})(\d\d)(\d\d)$/, "$1-$2-$3");
  const who = exam.patient
    ? [el("b", {}, exam.patient), [exam.sex, born && `born ${born}`, exam.patient_id && `MRN ${exam.patient_id}`].filter(Boolean).map((part) => ` · ${part}`)]
    : exam.erased ? ["Patient erased"]
    : [exam.pseudonym ? `Patient ${exam.pseudonym} (pseudonym)` : "Patient not known"];
  const doubts = el("span", { class: "doubts", hidden: true });
  setDoubts(doubts, exam.doubts, doubtLabel, doubtMeaning);
  byId("title").replaceChildren(
    el("h1", {}, exam.accession ?? id),
    el("span", { class: "badge", "data-priority": priority }, priority),
    el("span", { class: "what" }, [exam.modality, exam.procedure].filter(Boolean).join(" · ")),
    doubts,
    el("p", { class: "who" }, ...who.flat()),
  );
  showWhereItWent();
}

/** A reconciled exam is not on the board: its images belong to another one. */
function showWhereItWent() {
  const notice = byId("moved");
  notice.hidden = !exam.reconciled_into;
  if (exam.reconciled_into) notice.replaceChildren("These images were reconciled and belong to ", examLink(exam.reconciled_into));
}

const examLink = (other) => el("a", { href: examPath(other), class: "exam-link" }, other);

function showSteps() {
  const reached = STEPS.map(([name]) => Boolean(exam[name]));
  const last = reached.lastIndexOf(true);
  const ended = Boolean(exam.cancelled_at) && exam.stage === "cancelled";
  const steps = STEPS.map(([name, label], place) => {
    const kinds = ["step", reached[place] && "is-reached", place === last && !ended && "is-now"];
    return el("li", { class: kinds.filter(Boolean).join(" "), "aria-current": place === last && !ended ? "step" : null },
      label, el("span", { class: "when" }, reached[place] ? clock.at(Date.parse(exam[name])) : "–"));
  });
  if (exam.corrected_at) steps.push(el("li", { class: "step is-reached" }, "Corrected", el("span", { class: "when" }, clock.at(Date.parse(exam.corrected_at)))));
  if (ended) steps.push(el("li", { class: "step is-ended is-now", "aria-current": "step" }, "Cancelled", el("span", { class: "when" }, clock.at(Date.parse(exam.cancelled_at)))));
  byId("steps").replaceChildren(...steps);
}

function showFacts(images) {
  const plural = (count, one) => `${count} ${one}${count === 1 ? "" : one.endsWith("s") ? "" : "s"}`;
  const stored = images ?? { images: exam.images, series: exam.series };
  // The store counts what came under this exam_id, the exam what belongs to it.
  const elsewhere = Boolean(exam.reconciled_from_count);
  const imageCount = (!elsewhere && Number(stored.images)) || exam.images;
  const seriesCount = (!elsewhere && Number(stored.series)) || exam.series;
  const size = !elsewhere && images && Number(images.size_bytes) ? `, ${bytes(Number(images.size_bytes))}` : "";
  const facts = [
    ["Stage", [stageLabel(exam.stage), " · ", seen = el("span", {}, age(clock.ageOf(exam.sinceMs)))]],
    ["Next", exam.next_actor && actorLabel(exam.next_actor)],
    ["Images", imageCount ? `${plural(imageCount, "image")} in ${plural(seriesCount, "series")}${size}` : "none stored"],
    ["Expected", exam.images_expected && `${exam.images_expected} images when the study was complete${exam.images > exam.images_expected ? "; more came later" : ""}`],
    ["Priority", exam.priority_changed_at && `${exam.first_priority} at first, changed ${clock.at(Date.parse(exam.priority_changed_at))}`],
    ["On hold", exam.held_since_at && `since ${clock.at(Date.parse(exam.held_since_at))}`],
    ["Delay", exam.delay_code],
    ["Report", exam.report_status && `${exam.report_status} · ${plural(exam.report_count, "version")}`],
    ["Critical result", exam.critical_notified_at && [`told ${clock.at(Date.parse(exam.critical_notified_at))}`,
      exam.critical_acknowledged_at ? `acknowledged ${clock.at(Date.parse(exam.critical_acknowledged_at))}` : "not acknowledged"].join(" · ")],
    ["Analysis", exam.analysis_status && (exam.finding_present ? `${exam.analysis_status} · finding` : exam.analysis_status)],
    ["Clocks", exam.clock_faults?.join(", ")],
    ["Room", exam.room],
    ["Reader", exam.reader],
    ["Location", [exam.location, exam.patient_class && patientClass(exam.patient_class)].filter(Boolean).join(" · ")],
    ["Procedure code", exam.procedure_code],
    ["Study UID", exam.study_instance_uid],
    ["Exam id", exam.exam_id],
    ["Reconciled", exam.reconciled_into
      ? ["into ", examLink(exam.reconciled_into)]
      : exam.reconciled_from_count && `images of ${plural(exam.reconciled_from_count, "other exam id")} belong here`],
    ["Taken back", exam.unreconciled && "Someone took its reconciliation back: it is matched by hand now"],
    ["Erased", exam.patient_erased_at && clock.at(Date.parse(exam.patient_erased_at), true)],
    ["Events", String(exam.event_count)],
    ["Last heard", clock.at(Date.parse(exam.last_recorded_at), true)],
  ];
  byId("facts").replaceChildren(...facts.filter(([, value]) => value).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, ...[value].flat())]));
}

function showIntervals(intervals, excluded) {
  const left = excluded.map((interval) =>
    el("tr", { class: "is-excluded", title: interval.why },
      el("td", {}, interval.label, el("span", { class: "sub" }, interval.why)), el("td", { class: "length" }, "not measured")));
  if (!intervals.length && !left.length) {
    byId("intervals").replaceChildren(el("p", { class: "empty" }, "None measured yet: both ends have to be known."));
    return;
  }
  const start = Math.min(...intervals.map((interval) => Date.parse(interval.start_at)));
  const end = Math.max(...intervals.map((interval) => Date.parse(interval.end_at)));
  const scale = (instant) => (end > start ? ((Date.parse(instant) - start) / (end - start)) * 100 : 0);
  const rows = intervals.map((interval) => {
    const from = scale(interval.start_at);
    const bar = svg("svg", { viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { class: "track", x: 0, y: 0, width: 100, height: 4 }),
      svg("rect", { class: "span", x: Math.min(99, from), y: 0, width: Math.max(1, scale(interval.end_at) - from), height: 4 }));
    return el("tr", { title: interval.meaning }, el("td", {}, interval.label, bar), el("td", { class: "length" }, duration(interval.seconds)));
  });
  byId("intervals").replaceChildren(el("table", {}, el("tbody", {}, [...rows, ...left])));
}

const known = new Set();

function showEvents(events) {
  const first = known.size === 0;
  const retracted = new Set(events.map((event) => event.corrects).filter(Boolean));
  const heads = ["Time", "Event", "SWIM code", "Source", "After the one before"];
  const rows = events.map((event) => {
    const fresh = !first && !known.has(event.event_id);
    known.add(event.event_id);
    const origin = [event.source.system, event.source.facility].filter(Boolean).join(" / ");
    return el("tr", { class: [fresh && "is-new", retracted.has(event.event_id) && "is-retracted"].filter(Boolean).join(" ") || null },
      el("td", { class: "time" }, el("time", { datetime: event.occurred_at }, clock.at(Date.parse(event.occurred_at), true))),
      el("td", {}, el("span", { class: "what" }, eventLabel(event.type)), details(event, retracted)),
      el("td", { class: "code" }, event.swim_code ?? "–", event.swim_term && el("span", { class: "sub" }, event.swim_term)),
      el("td", { class: "origin" }, origin || "–", el("span", { class: "sub" }, event.source.protocol)),
      el("td", { class: "delay" }, event.delay_s === null ? "–" : `+ ${duration(event.delay_s)}`));
  });
  setText(byId("shown"), `${events.length} events`);
  byId("events").replaceChildren(
    events.length
      ? el("table", {}, el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))), el("tbody", {}, rows))
      : el("p", { class: "empty" }, "The events of this exam have not reached the analytics store yet."));
}

function details(event, retracted) {
  const told = [];
  if (retracted.has(event.event_id)) told.push("retracted by a later event");
  if (event.details.instance_count) told.push(`${event.details.instance_count} images`);
  if (event.details.scheduled_at) told.push(`for ${clock.at(Date.parse(event.details.scheduled_at))}`);
  for (const name of ["station_ae_title", "calling_ae_title", "reported_by", "reason"]) {
    if (event.details[name]) told.push(event.details[name]);
  }
  const others = [event.details.from_exam_id, event.details.into_exam_id].filter((other) => other && other !== id);
  for (const other of others) {
    return el("span", { class: "sub" }, [...told, ""].join(" · "), other === event.details.into_exam_id ? "into " : "from ", examLink(other));
  }
  return told.length ? el("span", { class: "sub" }, told.join(" · ")) : null;
}

function showUnavailable(problem) {
  if (problem?.status !== 503) return;
  byId("events").replaceChildren(unavailable(problem.unavailable_since));
  setText(byId("shown"), "");
}

function unavailable(since) {
  const instant = Date.parse(since);
  const when = Number.isNaN(instant) ? "" : ` since ${clock.wallTime(instant)}, for ${duration((Date.now() - instant) / 1000)}`;
  return el("p", { class: "unavailable" }, el("strong", {}, `Analytics unavailable${when}`),
    el("span", {}, "ClickHouse gives no answer. What the board knows of this exam is shown; the rest comes back by itself."));
}

new Link(`/api/stream?exam=${encodeURIComponent(id)}`, {
  snapshot: () => refresh(),
  delta: () => refresh(),
});
setInterval(() => exam && seen && setText(seen, age(clock.ageOf(exam.sinceMs))), 1000);
refresh();
