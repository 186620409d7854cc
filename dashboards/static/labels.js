// The names of things, as people say them, and how numbers are written.

import { isPast } from "./past.js";

/** Stages in the order in which an exam goes through them. `latestFirst`: what ended last is of interest. */
export const STAGES = [
  { id: "ordered", label: "Ordered", phase: "order" },
  { id: "scheduled", label: "Scheduled", phase: "order" },
  { id: "arrived", label: "Arrived", phase: "order" },
  { id: "in_progress", label: "In progress", phase: "scan" },
  { id: "acquired", label: "Acquired", phase: "scan" },
  { id: "stored", label: "Stored", phase: "scan" },
  { id: "dictated", label: "Dictated", phase: "read" },
  { id: "preliminary", label: "Preliminary", phase: "read" },
  { id: "final", label: isPast ? "Final" : "Final today", phase: "done", latestFirst: true },
  { id: "cancelled", label: "Cancelled", phase: "out", latestFirst: true },
  { id: "unmatched", label: "Unmatched", phase: "alert" },
];
const LABEL_OF_STAGE = new Map(STAGES.map((stage) => [stage.id, stage.label]));
const ORDER_OF_STAGE = new Map(STAGES.map((stage, order) => [stage.id, order]));

export const stageLabel = (id) =>
  ({ final: "Final", reconciled: "Reconciled" })[id] ?? LABEL_OF_STAGE.get(id) ?? id;
export const stageOrder = (id) => ORDER_OF_STAGE.get(id) ?? STAGES.length;
export const stagePhase = (id) => STAGES[stageOrder(id)]?.phase ?? "out";

/** What someone ought to know before trusting an exam: the badge, and what it means. */
const DOUBTS = {
  unmatched: ["Unmatched", "Images stand here without an order"],
  mismatch: ["Patient mismatch", "Images and order name two patients: the study may be mislabelled"],
  reused: ["Accession reused", "The accession number was given to two patients; the first order's is shown"],
  clock: ["Clock fault", "Two of its times contradict each other: see the intervals that are not measured"],
  rebuild: ["Incomplete", "The row misses what was said before, until it is built again from the log"],
  erased: ["Erased", "The patient's keys were destroyed: the name stays unknown for ever"],
};
export const doubtLabel = (doubt) => DOUBTS[doubt]?.[0] ?? doubt;
export const doubtMeaning = (doubt) => DOUBTS[doubt]?.[1] ?? doubt;

/** What sets an exam apart without being wrong. */
const FLAGS = {
  critical: ["Critical", "A critical result that nobody has acknowledged yet"],
  finding: ["Finding", "An algorithm found something: it may have to be read first"],
  held: ["On hold", "The order is on hold"],
  delayed: ["Delayed", "Someone said why it waits: see its page"],
  late_images: ["Late images", "Images came after the study was said to be complete"],
  reconciled: ["Reconciled", "Images that came under another number belong to this exam"],
};
export const flagLabel = (flag) => FLAGS[flag]?.[0] ?? flag;
export const flagMeaning = (flag) => FLAGS[flag]?.[1] ?? flag;
export const FLAG_NAMES = Object.keys(FLAGS);
export const DOUBT_NAMES = Object.keys(DOUBTS);

const URGENCY = ["STAT", "ASAP", "CALLBACK", "PREOP", "TIMING", "ROUTINE"];
export const PRIORITIES = URGENCY;
export const urgency = (priority) => {
  const found = URGENCY.indexOf(priority ?? "ROUTINE");
  return found < 0 ? URGENCY.length : found;
};

/** The patient as a list shows them: the name, else the pseudonym. */
export const patientName = (exam) => (exam.erased ? "erased" : (exam.patient ?? exam.pseudonym ?? ""));

const ACTORS = {
  scheduler: "Scheduling", patient: "Patient", technologist: "Technologist", radiologist: "Radiologist",
  referrer: "Referring side", image_manager: "Image manager",
};
export const ACTOR_NAMES = Object.keys(ACTORS);
export const actorLabel = (id) => ACTORS[id] ?? id;

const PATIENT_CLASS = { E: "Emergency", I: "Inpatient", O: "Outpatient", P: "Preadmit", R: "Recurring" };
export const patientClass = (code) => PATIENT_CLASS[code] ?? code;

// A number and its unit stay on one line.
const NARROW = "\u202f";

const two = (number) => String(number).padStart(2, "0");

/** A duration as briefly as it is still told apart: 40 s, 12 min, 2 h 05, 3 d 4 h. */
export function duration(seconds) {
  const s = Math.max(0, seconds);
  if (s < 59.5) return `${Math.round(s)}${NARROW}s`;
  const minutes = Math.round(s / 60);
  if (minutes < 60) return `${minutes}${NARROW}min`;
  if (minutes < 1440) return `${Math.floor(minutes / 60)}${NARROW}h${NARROW}${two(minutes % 60)}`;
  return `${Math.floor(minutes / 1440)}${NARROW}d${NARROW}${Math.floor((minutes % 1440) / 60)}${NARROW}h`;
}

/** An age: it only grows, so it is rounded down, and below a minute it does not flicker. */
export function age(seconds) {
  return seconds < 60 ? `<1${NARROW}min` : duration(Math.floor(seconds / 60) * 60);
}

/** An age where there is hardly any room: 7m, 2h05, 3d. */
export function shortAge(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return "<1m";
  if (minutes < 60) return `${minutes}m`;
  return minutes < 1440 ? `${Math.floor(minutes / 60)}h${two(minutes % 60)}` : `${Math.floor(minutes / 1440)}d`;
}

/** A time of the department's day; with the date where it is another day. */
export function timeOfDay(instant, zoneOffset, today, withSeconds = false) {
  const local = new Date(instant + zoneOffset * 1000).toISOString();
  const time = local.slice(11, withSeconds ? 19 : 16);
  return local.slice(0, 10) === today ? time : `${local.slice(5, 10)} ${time}`;
}

export function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (count >= 1000 && unit < units.length - 1) [count, unit] = [count / 1000, unit + 1];
  return `${count < 10 && unit ? count.toFixed(1) : Math.round(count)} ${units[unit]}`;
}

/** OrderPlaced -> Order placed. */
export function eventLabel(type) {
  const words = type.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return words[0].toUpperCase() + words.slice(1);
}

export const examPath = (id) => `/exams/${id.split("/").map(encodeURIComponent).join("/")}`;
