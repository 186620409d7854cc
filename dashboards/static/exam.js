// One exam's page: filled from the API, and filled anew whenever the stream says that the exam changed.

import * as clock from "./clock.js";
import { byId, el, setDoubts, setText } from "./dom.js";
import { eventTable } from "./exam_events.js";
import { showForecasts } from "./exam_forecast.js";
import { intervalTable } from "./exam_intervals.js";
import { reconcileButton, takeApartButton } from "./exam_reconcile.js";
import { showAccesses, showAlerts, showReports, showSeries } from "./exam_side.js";
import { actorLabel, age, bytes, doubtLabel, doubtMeaning, duration, examPath, patientClass, stageLabel } from "./labels.js";
import { Link } from "./link.js";
import { atInstant } from "./past.js";
import { timeScale } from "./time_scale.js";

const OVER = new Set(["final", "cancelled", "reconciled", "unmatched"]);
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
const known = new Set();
let sheet = null;
let timeline = null;
let exam = null;
let seen = null;
let asking = 0;

async function get(path) {
  const answer = await fetch(atInstant(path));
  const found = await answer.json();
  return answer.ok ? found : Promise.reject(Object.assign(new Error(found.detail), { problem: found }));
}

/** Every page of the events. */
async function events() {
  const found = [];
  let cursor = "";
  do {
    const page = await get(`${api}/timeline${cursor && `?cursor=${encodeURIComponent(cursor)}`}`);
    found.push(...page.events);
    cursor = page.next_cursor ?? "";
  } while (cursor);
  return found;
}

/** Asks for everything; `tries` counts how often the store was behind. */
async function refresh(tries = 0, run = (asking += 1)) {
  let behind = true;
  const shows = (show) => (found) => run === asking && show(found);
  // Each part is shown as soon as it is there.
  await Promise.allSettled([
    get(api).then(shows((found) => {
      showExam((sheet = found));
      draw();
    })),
    events().then(shows((found) => {
      timeline = found;
      behind = timeline.length < (exam?.event_count ?? 0);
      draw();
    }), shows((reason) => showUnavailable(reason.problem))),
    get(`${api}/alerts`).then(shows(({ alerts }) => showAlerts(alerts))),
    get(`${api}/reports`).then(shows(({ reports }) => showReports(reports))),
    get(`${api}/series?limit=24`).then(shows((found) => showSeries(found.series, found.next_cursor, api, found.shows_pictures))),
  ]);
  if (behind && run === asking) {
    const wait = ASK_AGAIN_MS[Math.min(tries, ASK_AGAIN_MS.length - 1)];
    setTimeout(() => run === asking && refresh(tries + 1, run), wait);
  }
}

function showExam({ exam: found, images, accesses, analytics, forecasts }) {
  exam = found;
  exam.sinceMs = Date.parse(exam.since);
  showTitle();
  showSteps();
  showFacts(images);
  showAccesses(accesses);
  showForecasts(forecasts, !OVER.has(found.stage));
  if (!analytics.available) byId("intervals").replaceChildren(unavailable(analytics.unavailable_since));
}

/** Bars and events over one axis. */
function draw() {
  const now = clock.now();
  const measured = sheet?.intervals ?? [];
  const running = sheet?.under_way ?? [];
  const instants = [
    ...(timeline ?? []).map((event) => Date.parse(event.occurred_at)),
    ...measured.flatMap((one) => [Date.parse(one.start_at), Date.parse(one.end_at)]),
    ...running.map((one) => Date.parse(one.start_at)),
  ];
  if (running.length) instants.push(now);
  if (!instants.length) instants.push(now);
  const scale = timeScale(instants, byId("scale").getAttribute("aria-pressed") === "true");
  if (sheet?.analytics.available) byId("intervals").replaceChildren(intervalTable(sheet, scale, now));
  if (timeline === null) return;
  setText(byId("shown"), `${timeline.length} events`);
  byId("events").replaceChildren(timeline.length
    ? eventTable(timeline, scale, id, known)
    : el("p", { class: "empty" }, "The events of this exam have not reached the analytics store yet."));
  for (const event of timeline) known.add(event.event_id);
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
    reconcileButton(exam) ?? "",
    el("p", { class: "who" }, ...who.flat()),
  );
  showWhereItWent();
}

/** A reconciled exam is not on the board: its images belong to another one. */
function showWhereItWent() {
  const notice = byId("moved");
  notice.hidden = !exam.reconciled_into;
  if (exam.reconciled_into) notice.replaceChildren(
    "These images were reconciled and belong to ", examLink(exam.reconciled_into), " ", takeApartButton(exam) ?? "");
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

byId("scale").addEventListener("click", ({ currentTarget }) => {
  currentTarget.setAttribute("aria-pressed", String(currentTarget.getAttribute("aria-pressed") !== "true"));
  draw();
});
new Link(`/api/stream?exam=${encodeURIComponent(id)}`, {
  snapshot: () => refresh(),
  delta: () => refresh(),
  alerts: () => refresh(),
});
setInterval(() => exam && seen && setText(seen, age(clock.ageOf(exam.sinceMs))), 1000);
refresh();
