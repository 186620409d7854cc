// One row of the worklist.

import * as clock from "./clock.js";
import { el, setDoubts, setText } from "./dom.js";
import { actorLabel, age, doubtLabel, duration, doubtMeaning, examPath, patientClass, patientName, stageLabel, stagePhase } from "./labels.js";

export class Row {
  constructor() {
    const cell = (id, ...children) => el("td", { class: `c-${id}`, role: "cell" }, ...children);
    this.badge = el("span", { class: "badge" });
    this.stage = el("span", { class: "stage-name" });
    this.age = cell("age");
    this.due = cell("due");
    this.next = cell("next");
    this.modality = cell("modality");
    this.procedure = el("span", {});
    this.patient = cell("patient");
    this.link = el("a", {});
    this.doubts = el("span", { class: "doubts", hidden: true });
    this.location = cell("location");
    this.ordered = cell("ordered");
    this.images = cell("images");
    this.node = el("tr", { role: "row" },
      cell("priority", this.badge), cell("stage", this.stage), this.age, this.due, this.next, this.modality,
      cell("procedure", this.doubts, this.procedure),
      this.patient, cell("accession", this.link), this.location, this.ordered, this.images);
  }

  set(exam) {
    this.exam = exam;
    this.node.dataset.priority = exam.priority ?? "ROUTINE";
    this.badge.parentNode.dataset.priority = exam.priority ?? "ROUTINE";
    setText(this.badge, exam.priority ?? "ROUTINE");
    this.stage.dataset.phase = stagePhase(exam.stage);
    setText(this.stage, stageLabel(exam.stage) + (exam.corrected ? " (corr.)" : ""));
    setText(this.modality, exam.modality ?? "–");
    this.tell(this.procedure, exam.procedure ?? "–");
    this.tell(this.patient, patientName(exam) || "–");
    this.patient.classList.toggle("is-pseudonym", !exam.patient);
    this.link.setAttribute("href", examPath(exam.exam_id));
    setText(this.link, exam.accession ?? "no accession");
    this.link.title = exam.exam_id;
    setDoubts(this.doubts, exam.doubts?.filter((doubt) => doubt !== "unmatched"), doubtLabel, doubtMeaning);
    this.tell(this.location, exam.location ?? (exam.patient_class ? patientClass(exam.patient_class) : "–"));
    setText(this.ordered, exam.orderedMs ? clock.at(exam.orderedMs) : "–");
    const expected = exam.images_expected;
    setText(this.images, expected ? `${exam.images ?? 0}/${expected}` : exam.images ? String(exam.images) : "–");
    this.images.title = expected ? `${exam.images ?? 0} images here, ${expected} when the study was complete` : "";
    setText(this.next, exam.next_actor ? actorLabel(exam.next_actor) : "–");
    this.due.title = exam.dueMs ? `${exam.target_label}: target ${duration(1000 * exam.target_s)}, until ${clock.at(exam.dueMs)}` : "";
    this.tick();
  }

  tell(cell, value) {
    setText(cell, value);
    cell.title = value;
  }

  tick() {
    setText(this.age, age(clock.ageOf(this.exam.sinceMs)));
    this.tickDue();
  }

  tickDue() {
    const { dueMs, warnMs } = this.exam;
    const left = dueMs ? -clock.ageOf(dueMs) : 0;
    this.due.dataset.state = !dueMs ? "none" : left <= 0 ? "breached" : clock.ageOf(warnMs) >= 0 ? "warned" : "open";
    setText(this.due, !dueMs ? "–" : left > 0 ? `in ${duration(left)}` : `late ${age(-left)}`);
  }
}
