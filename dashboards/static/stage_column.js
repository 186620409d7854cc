// One column of the strip, and one card in it.

import * as clock from "./clock.js";
import { el, setDoubts, setText } from "./dom.js";
import { dueState } from "./exam_filter.js";
import { doubtLabel, doubtMeaning, examPath, shortAge } from "./labels.js";

/** A sign and a time, where there is hardly any room; nothing while the target is far. */
function shortDue(exam) {
  const state = dueState(exam);
  const left = exam.dueMs ? -clock.ageOf(exam.dueMs) : 0;
  if (state === "breached") return { state, text: `▲ ${shortAge(-left)} late` };
  return state === "warned" ? { state, text: `◆ in ${shortAge(left)}` } : { state, text: "" };
}

export class Column {
  constructor(stage, onShow) {
    this.stage = stage;
    this.count = el("button", { type: "button", class: "count", on: { click: () => onShow(stage.id) } }, "0");
    this.list = el("ol", { class: "cards" });
    this.more = el("button", { type: "button", class: "more", hidden: true, on: { click: () => onShow(stage.id) } });
    this.none = el("p", { class: "none" }, "none");
    const title = el("h2", { id: `stage-${stage.id}` }, stage.label);
    this.oldest = el("span", { class: "stage-oldest" });
    this.due = el("span", { class: "stage-due" });
    this.note = el("p", { class: "stage-note" }, this.oldest, this.due);
    this.head = el("header", { class: "stage-head" }, title, this.count, this.note);
    this.body = el("div", { class: "stage-body" }, this.list, this.none, this.more);
    this.node = el(
      "section",
      { class: "stage", "data-stage": stage.id, "data-phase": stage.phase, "aria-labelledby": title.id },
      this.head,
      this.body,
    );
  }

  /** The part of `rect` that a viewer of this column can see: what is scrolled out counts as its edge. */
  seen(rect) {
    const frame = this.body.getBoundingClientRect();
    const top = Math.min(Math.max(rect.top, frame.top), Math.max(frame.top, frame.bottom - rect.height));
    return new DOMRect(rect.left, top, rect.width, rect.height);
  }

  /** `exams`: those in the stage, the oldest first where the stage is not shown by what ended last. */
  setExams(exams) {
    this.exams = exams;
    this.tick();
  }

  /** The oldest in the stage, how many are late, else when the next one will be. */
  tick() {
    const { exams = [], stage } = this;
    const isOver = Boolean(stage.latestFirst);
    setText(this.oldest, exams.length && !isOver ? `oldest ${shortAge(clock.ageOf(exams[0].sinceMs))}` : "");
    const late = exams.filter((exam) => dueState(exam) === "breached").length;
    const next = Math.min(...exams.filter((exam) => dueState(exam) !== "none").map((exam) => exam.dueMs));
    const left = -clock.ageOf(next) ;
    const soon = exams.some((exam) => dueState(exam) === "warned");
    this.due.dataset.state = late ? "breached" : soon ? "warned" : "open";
    setText(this.due, late ? `▲ ${late} late` : next === Infinity ? "" : `${soon ? "◆ " : ""}due in ${shortAge(left)}`);
  }

  setCounts(all, shown) {
    setText(this.count, String(all));
    this.count.setAttribute("aria-label", `${all} ${this.stage.label}: show them in the worklist`);
    this.node.classList.toggle("is-empty", all === 0);
    this.none.hidden = all > 0;
    this.more.hidden = all <= shown;
    setText(this.more, `+ ${all - shown} more`);
  }
}

export class Card {
  constructor(exam) {
    this.modality = el("b", { class: "modality" });
    this.badge = el("span", { class: "badge" });
    this.age = el("span", { class: "age" });
    this.procedure = el("span", { class: "procedure" });
    this.accession = el("span", { class: "accession" });
    this.due = el("span", { class: "due" });
    this.breach = el("span", { class: "breach", hidden: true });
    this.doubts = el("span", { class: "doubts", hidden: true });
    this.link = el(
      "a",
      { class: "card" },
      el("span", { class: "card-top" }, this.modality, this.badge, this.age),
      this.procedure,
      el("span", { class: "card-foot" }, this.accession, this.due),
      this.breach,
      this.doubts,
    );
    this.node = el("li", {}, this.link);
    this.set(exam);
  }

  set(exam) {
    this.exam = exam;
    this.link.setAttribute("href", examPath(exam.exam_id));
    this.link.dataset.priority = exam.priority ?? "ROUTINE";
    this.link.dataset.exam = exam.exam_id;
    this.link.title = [exam.procedure, exam.accession ?? exam.exam_id, exam.location].filter(Boolean).join(" · ");
    const routine = !exam.priority || exam.priority === "ROUTINE";
    this.badge.hidden = routine;
    setText(this.badge, routine ? "" : exam.priority);
    setText(this.modality, exam.modality ?? "?");
    setText(this.procedure, exam.procedure ?? "Procedure not known");
    setText(this.accession, exam.accession ?? "no accession");
    // The column says unmatched already.
    setDoubts(this.doubts, exam.doubts?.filter((doubt) => doubt !== "unmatched"), doubtLabel, doubtMeaning);
    const appointed = exam.stage === "scheduled" && exam.scheduledMs;
    this.due.hidden = !appointed;
    setText(this.due, appointed ? `for ${clock.at(exam.scheduledMs)}` : "");
    this.tick();
  }

  tick() {
    const text = this.exam.stage === "final" || this.exam.stage === "cancelled"
      ? clock.at(this.exam.sinceMs).slice(-5)
      : shortAge(clock.ageOf(this.exam.sinceMs));
    setText(this.age, text);
    const due = shortDue(this.exam);
    this.breach.hidden = !due.text;
    this.breach.dataset.state = due.state;
    setText(this.breach, due.text);
  }
}
