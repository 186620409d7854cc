// The exams that will most likely miss their target and can still be kept: the first three, at every width.

import * as clock from "./clock.js";
import { byId, el, setText } from "./dom.js";
import { dueState } from "./exam_filter.js";
import { isOld, range } from "./forecast_words.js";
import { age, duration, examPath } from "./labels.js";
import { riskBar, showRisk } from "./risk.js";

const SHOWN = 3;
const LEAST = 0.01;

/** What is not late yet, the likeliest to be late first. */
export function likeliest(exams) {
  return exams.filter((exam) => (exam.late_probability ?? 0) >= LEAST && ["open", "warned"].includes(dueState(exam)))
    .sort((a, b) => b.late_probability - a.late_probability || a.dueMs - b.dueMs).slice(0, SHOWN);
}

class Line {
  constructor() {
    [this.meter, this.chance] = riskBar();
    this.badge = el("span", { class: "badge" });
    this.accession = el("span", { class: "likely-accession" });
    this.what = el("span", { class: "likely-what" });
    this.due = el("span", { class: "likely-due" });
    this.expected = el("span", { class: "likely-expected" });
    this.link = el("a", {},
      el("span", { class: "likely-top" }, this.meter, this.chance, this.badge, this.accession, this.what),
      el("span", { class: "likely-foot" }, this.due, this.expected));
    this.node = el("li", {}, this.link);
  }

  set(exam) {
    this.exam = exam;
    this.link.setAttribute("href", examPath(exam.exam_id));
    showRisk(this.meter, this.chance, exam);
    const { priority = "ROUTINE" } = exam;
    this.badge.hidden = priority === "ROUTINE";
    this.badge.dataset.priority = priority;
    setText(this.badge, this.badge.hidden ? "" : priority);
    setText(this.accession, exam.accession ?? "no accession");
    setText(this.what, [exam.modality, exam.procedure].filter(Boolean).join(" · "));
    const known = exam.expectedMs !== null;
    setText(this.expected, known ? `final ≈ ${clock.at(exam.expectedMs)}, ${range(exam.expected_from_at, exam.expected_until_at)}` : "");
    this.tick();
  }

  tick() {
    const { exam } = this;
    const left = -clock.ageOf(exam.dueMs);
    const old = exam.forecast_at && isOld(exam.forecast_at) ? ` · forecast ${age(clock.ageOf(Date.parse(exam.forecast_at)))} old` : "";
    setText(this.due, `${left > 0 ? `due in ${duration(left)}` : "due now"}: ${exam.target_label}${old}`);
  }
}

export class LikelyLate {
  constructor() {
    this.panel = byId("likely");
    this.list = byId("likely-exams");
    this.lines = new Map();
  }

  draw(exams) {
    this.exams = exams;
    const found = likeliest(exams);
    this.panel.hidden = !exams.some((exam) => exam.late_probability !== undefined);
    byId("likely-none").hidden = found.length > 0;
    this.lines = new Map(found.map((exam) => {
      const line = this.lines.get(exam.exam_id) ?? new Line();
      line.set(exam);
      return [exam.exam_id, line];
    }));
    const wanted = [...this.lines.values()].map((line) => line.node);
    // A node that is put in anew loses the focus.
    if (wanted.some((node, place) => this.list.children[place] !== node) || this.list.children.length !== wanted.length) this.list.replaceChildren(...wanted);
  }

  tick() {
    // What became late by the clock is in the panel of targets from then on.
    if ([...this.lines.values()].some(({ exam }) => dueState(exam) === "breached")) this.draw(this.exams);
    for (const line of this.lines.values()) line.tick();
  }
}
