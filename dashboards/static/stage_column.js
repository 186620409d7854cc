// One column of the strip, and one card in it.

import * as clock from "./clock.js";
import { el, setDoubts, setText } from "./dom.js";
import { doubtLabel, doubtMeaning, examPath, shortAge } from "./labels.js";

export class Column {
  constructor(stage, onShow) {
    this.stage = stage;
    this.count = el("button", { type: "button", class: "count", on: { click: () => onShow(stage.id) } }, "0");
    this.list = el("ol", { class: "cards" });
    this.more = el("button", { type: "button", class: "more", hidden: true, on: { click: () => onShow(stage.id) } });
    this.none = el("p", { class: "none" }, "none");
    const title = el("h2", { id: `stage-${stage.id}` }, stage.label);
    this.head = el("header", { class: "stage-head" }, title, this.count);
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
    this.doubts = el("span", { class: "doubts", hidden: true });
    this.link = el(
      "a",
      { class: "card" },
      el("span", { class: "card-top" }, this.modality, this.badge, this.age),
      this.procedure,
      el("span", { class: "card-foot" }, this.accession, this.due),
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
    const due = exam.stage === "scheduled" && exam.scheduledMs;
    this.due.hidden = !due;
    setText(this.due, due ? `for ${clock.at(exam.scheduledMs)}` : "");
    this.tick();
  }

  tick() {
    const text = this.exam.stage === "final" || this.exam.stage === "cancelled"
      ? clock.at(this.exam.sinceMs).slice(-5)
      : shortAge(clock.ageOf(this.exam.sinceMs));
    setText(this.age, text);
  }
}
