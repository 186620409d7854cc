// Which exams are wanted: a filter as names and values, in the address of the page and as a test.

import * as clock from "./clock.js";
import { isOpen } from "./exams.js";
import { patientName } from "./labels.js";

/** What an exam has to be, by the name of the filter. */
const VALUE = {
  site: (exam) => exam.site,
  modality: (exam) => exam.modality,
  priority: (exam) => exam.priority ?? "ROUTINE",
  class: (exam) => exam.patient_class,
  next: (exam) => exam.next_actor,
};
export const CHOICES = Object.keys(VALUE);
export const NOTHING = { text: "", site: "", modality: "", priority: "", class: "", next: "", flag: "", stage: "open", queue: "all" };

export const QUEUES = [
  { id: "all", label: "All" },
  { id: "unmatched", label: "Unmatched", doubts: ["unmatched"] },
  { id: "mismatch", label: "Mismatch", doubts: ["mismatch", "reused"] },
];

const has = (exam, names) => names.some((name) => exam.doubts?.includes(name));

/** Whether the exam stands in the queue of that name. */
export function inQueue(exam, id) {
  const queue = QUEUES.find((one) => one.id === id);
  return !queue?.doubts || has(exam, queue.doubts);
}

/** open, warned or breached: how the exam stands to its next target; none where it has none. */
export function dueState(exam) {
  if (!exam.dueMs || !isOpen(exam)) return "none";
  if (clock.ageOf(exam.dueMs) >= 0) return "breached";
  return clock.ageOf(exam.warnMs) >= 0 ? "warned" : "open";
}

const PASSING = { late: "breached", soon: "warned" };

/** Whether what the filter lets through changes as time passes. */
export const isPassing = (filter) => filter.flag in PASSING;

function flagged(exam, flag) {
  if (flag in PASSING) return dueState(exam) === PASSING[flag];
  return Boolean(exam.flags?.includes(flag) || exam.doubts?.includes(flag));
}

function standsIn(exam, stage, queue) {
  // What waits for someone to reconcile it waits also when it was reported.
  if (stage === "open") return isOpen(exam) || queue !== "all";
  return !stage || exam.stage === stage;
}

function mentions(exam, words) {
  exam.searched ??= [exam.accession, exam.exam_id, patientName(exam), exam.pseudonym, exam.procedure, exam.modality, exam.location]
    .filter(Boolean).join(" ").toLocaleLowerCase();
  return words.every((word) => exam.searched.includes(word));
}

/** A test of one exam. */
export function matcher(filter) {
  const asked = { ...NOTHING, ...filter };
  const words = asked.text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const chosen = CHOICES.filter((name) => asked[name]);
  return (exam) =>
    inQueue(exam, asked.queue)
    && standsIn(exam, asked.stage, asked.queue)
    && chosen.every((name) => VALUE[name](exam) === asked[name])
    && (!asked.flag || flagged(exam, asked.flag))
    && mentions(exam, words);
}

/** Every value that exams have for the filter `name`, and the one that is chosen. */
export function valuesOf(exams, name, chosen) {
  const found = new Set(chosen ? [chosen] : []);
  for (const exam of exams) if (VALUE[name](exam)) found.add(VALUE[name](exam));
  return [...found].sort();
}

/** The filter that an address asks for; what it does not name is as in NOTHING. */
export function readAddress(search) {
  const asked = new URLSearchParams(search);
  return Object.fromEntries(Object.entries(NOTHING).map(([name, none]) => [name, asked.get(name) ?? none]));
}

/** The part of an address that asks for the filter: nothing for what is as in NOTHING. */
export function writeAddress(filter, more = {}) {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...filter, ...more })) {
    if (value !== (NOTHING[name] ?? "")) asked.set(name, value);
  }
  return String(asked);
}

/** How many filters are set, the text and the queue not among them. */
export const countSet = (filter) =>
  Object.keys(NOTHING).filter((name) => !["text", "queue"].includes(name) && filter[name] !== NOTHING[name]).length;
