// The columns of the worklist: what each is called, how it is sorted, and how a cell shows an exam.

import * as clock from "./clock.js";
import { el, setDoubts, setText } from "./dom.js";
import { dueState } from "./exam_filter.js";
import { isOld, range } from "./forecast_words.js";
import {
  actorLabel, age, doubtLabel, doubtMeaning, duration, examPath, flagLabel, flagMeaning, patientClass, patientName, stageLabel,
  stageOrder, stagePhase, urgency,
} from "./labels.js";
import { riskBar, showRisk } from "./risk.js";

// One collator for all: a comparison that makes its own takes many times as long.
const { compare: collated } = new Intl.Collator(undefined, { numeric: true });
const text = (a, b) => (a === b ? 0 : a === "" ? 1 : b === "" ? -1 : collated(a, b));
const byText = (name) => (a, b) => text(a[name] ?? "", b[name] ?? "");
const byNumber = (value) => (a, b) => value(a) - value(b);

function tell(node, value) {
  setText(node, value);
  if (node.title !== value) node.title = value;
}

const images = ({ images: here = 0, images_expected: expected }) => (expected ? `${here}/${expected}` : here ? String(here) : "–");
const lacking = (exam) => (exam.images_expected ?? 0) - (exam.images ?? 0);

/** A sign, a word and a time: the state is never told by its colour alone. */
const DUE = {
  none: () => "–",
  open: (left) => `in ${duration(left)}`,
  warned: (left) => `◆ in ${duration(left)}`,
  breached: (left) => `▲ late ${age(-left)}`,
};

function showDue(node, exam) {
  const state = dueState(exam);
  if (node.dataset.state !== state) node.dataset.state = state;
  if (node.parentNode && node.parentNode.dataset.due !== state) node.parentNode.dataset.due = state;
  setText(node, DUE[state](exam.dueMs ? -clock.ageOf(exam.dueMs) : 0));
}

/** What to know of an exam besides its values; that it is unmatched its stage says already. */
const marks = (exam) => [...(exam.doubts ?? []), ...(exam.flags ?? [])].filter((name) => name !== "unmatched");
const markLabel = (name) => (doubtLabel(name) === name ? flagLabel(name) : doubtLabel(name));
const markMeaning = (name) => (doubtLabel(name) === name ? flagMeaning(name) : doubtMeaning(name));

const badge = () => el("span", { class: "badge" });

/** `make`: what stands in the cell; `show` fills it; `tick` is called each second. */
export const COLUMNS = [
  {
    id: "priority", label: "Priority", compare: byNumber((exam) => urgency(exam.priority)), make: badge,
    show(cell, exam) {
      cell.dataset.priority = exam.priority ?? "ROUTINE";
      setText(cell.firstChild, exam.priority ?? "ROUTINE");
    },
  },
  {
    id: "stage", label: "Stage", compare: byNumber((exam) => stageOrder(exam.stage)), make: () => el("span", { class: "stage-name" }),
    show(cell, exam) {
      cell.firstChild.dataset.phase = stagePhase(exam.stage);
      setText(cell.firstChild, stageLabel(exam.stage) + (exam.corrected ? " (corr.)" : ""));
    },
  },
  {
    id: "age", label: "In stage", title: "How long the exam has been in its stage", compare: byNumber((exam) => exam.sinceMs),
    show(cell, exam) { this.tick(cell, exam); },
    tick: (cell, exam) => setText(cell, age(clock.ageOf(exam.sinceMs))),
  },
  {
    id: "due", label: "Due", title: "When the next interval with a target has to have ended", compare: byNumber((exam) => exam.dueMs ?? Infinity),
    show(cell, exam) {
      cell.title = exam.dueMs ? `${exam.target_label}: target ${duration(exam.target_s)}, until ${clock.at(exam.dueMs)}` : "";
      this.tick(cell, exam);
    },
    tick: showDue,
  },
  {
    id: "expected", label: "Final expected", title: "When the final report is to be expected: the median, and the range that holds it four times in five",
    compare: byNumber((exam) => exam.expectedMs ?? Infinity), make: () => [el("b", {}), el("span", { class: "range" })],
    show(cell, exam) {
      const known = exam.expectedMs !== null;
      this.tick(cell, exam);
      setText(cell.firstChild, known ? `≈ ${clock.at(exam.expectedMs)}` : "–");
      setText(cell.lastChild, known ? ` ${range(exam.expected_from_at, exam.expected_until_at)}` : "");
      cell.title = known
        ? `${range(exam.expected_from_at, exam.expected_until_at)} four times in five; forecast at ${clock.at(Date.parse(exam.forecast_at))}${exam.forecast_fallback ? `, by what exams like it took in the last weeks: ${exam.forecast_fallback}` : ""}`
        : "Nothing is forecast of it";
    },
    // It grows old where nothing new is said of the exam, too.
    tick(cell, exam) {
      const old = String(exam.expectedMs !== null && isOld(exam.forecast_at));
      if (cell.dataset.old !== old) cell.dataset.old = old;
    },
  },
  {
    id: "risk", label: "Risk", title: "How likely what is due next will be late, as forecast", compare: byNumber((exam) => -(exam.late_probability ?? -1)),
    make: riskBar,
    show(cell, exam) {
      cell.dataset.known = String(exam.late_probability !== undefined);
      showRisk(cell.firstChild, cell.lastChild, exam);
    },
  },
  {
    id: "next", label: "Next", title: "Who must act next", compare: byText("next_actor"),
    show: (cell, exam) => setText(cell, exam.next_actor ? actorLabel(exam.next_actor) : "–"),
  },
  {
    id: "modality", label: "Mod.", title: "Modality", compare: byText("modality"),
    show: (cell, exam) => setText(cell, exam.modality ?? "–"),
  },
  {
    id: "procedure", label: "Procedure", compare: byText("procedure"),
    make: () => [el("span", { class: "doubts", hidden: true }), el("span", {})],
    show(cell, exam) {
      setDoubts(cell.firstChild, exam.doubts?.filter((doubt) => doubt !== "unmatched"), doubtLabel, doubtMeaning);
      tell(cell.lastChild, exam.procedure ?? "–");
    },
  },
  {
    id: "study", label: "Procedure", compare: byText("procedure"),
    show: (cell, exam) => tell(cell, exam.procedure ?? "–"),
  },
  {
    id: "patient", label: "Patient", compare: (a, b) => text(patientName(a), patientName(b)),
    show(cell, exam) {
      tell(cell, patientName(exam) || "–");
      cell.classList.toggle("is-pseudonym", !exam.patient);
    },
  },
  {
    id: "accession", label: "Accession", compare: byText("accession"), make: () => el("a", {}),
    show(cell, exam) {
      cell.firstChild.setAttribute("href", examPath(exam.exam_id));
      cell.firstChild.title = exam.exam_id;
      setText(cell.firstChild, exam.accession ?? "no accession");
    },
  },
  {
    id: "location", label: "Location", compare: byText("location"),
    show: (cell, exam) => tell(cell, exam.location ?? (exam.patient_class ? patientClass(exam.patient_class) : "–")),
  },
  {
    id: "class", label: "Class", title: "Patient class", compare: byText("patient_class"),
    show: (cell, exam) => setText(cell, exam.patient_class ? patientClass(exam.patient_class) : "–"),
  },
  { id: "site", label: "Site", compare: byText("site"), show: (cell, exam) => tell(cell, exam.site ?? "–") },
  {
    id: "ordered", label: "Ordered", compare: byNumber((exam) => exam.orderedMs ?? Infinity),
    show: (cell, exam) => setText(cell, exam.orderedMs ? clock.at(exam.orderedMs) : "–"),
  },
  {
    id: "images", label: "Images", title: "Images here, and how many the study had when it was complete",
    compare: (a, b) => lacking(b) - lacking(a) || (a.images ?? 0) - (b.images ?? 0),
    show(cell, exam) {
      const expected = exam.images_expected;
      setText(cell, images(exam));
      cell.title = expected ? `${exam.images ?? 0} images here, ${expected} when the study was complete` : "";
      cell.dataset.lacking = String(lacking(exam) > 0);
    },
  },
  {
    id: "marks", label: "Marks", title: "What to know before trusting the exam, and what sets it apart", compare: (a, b) => marks(b).length - marks(a).length || text(marks(a).join(), marks(b).join()),
    make: () => el("span", { class: "doubts", hidden: true }),
    show: (cell, exam) => setDoubts(cell.firstChild, marks(exam), markLabel, markMeaning),
  },
];
const BY_ID = new Map(COLUMNS.map((column) => [column.id, column]));

/** The columns of these names, in this order. */
export const columnsOf = (...ids) => ids.map((id) => BY_ID.get(id));
