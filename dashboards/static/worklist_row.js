// One row of the worklist.

import * as clock from "./clock.js";
import { el, setDoubts, setText } from "./dom.js";
import { age, doubtLabel, doubtMeaning, examPath, patientClass, patientName, stageLabel, stagePhase } from "./labels.js";

export class Row {
  constructor() {
    const cell = (id, ...children) => el("td", { class: `c-${id}`, role: "cell" }, ...children);
    this.badge = el("span", { class: "badge" });
    this.stage = el("span", { class: "stage-name" });
    this.age = cell("age");
    this.modality = cell("modality");
    this.procedure = el("span", {});
    this.patient = cell("patient");
    this.link = el("a", {});
    this.doubts = el("span", { class: "doubts", hidden: true });
    this.location = cell("location");
    this.ordered = cell("ordered");
    this.images = cell("images");
    this.node = el("tr", { role: "row" },
      cell("priority", this.badge), cell("stage", this.stage), this.age, this.modality,
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
    setText(this.images, exam.images ? String(exam.images) : "–");
    this.tick();
  }

  tell(cell, value) {
    setText(cell, value);
    cell.title = value;
  }

  tick() {
    setText(this.age, age(clock.ageOf(this.exam.sinceMs)));
  }
}
