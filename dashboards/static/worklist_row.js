// One row of a worklist.

import { el } from "./dom.js";

export class Row {
  /** `action` makes a button for an exam, or nothing; it stands behind the columns. */
  constructor(columns, action) {
    this.columns = columns;
    this.cells = columns.map((column) => el("td", { class: `c-${column.id}`, role: "cell" }, ...[column.make?.() ?? []].flat()));
    this.node = el("tr", { role: "row" }, ...this.cells);
    this.link = this.node.querySelector("a");
    if (action) {
      this.action = action;
      this.acts = el("td", { class: "c-action", role: "cell" });
      this.node.append(this.acts);
    }
  }

  set(exam) {
    this.exam = exam;
    this.node.dataset.priority = exam.priority ?? "ROUTINE";
    this.node.dataset.exam = exam.exam_id;
    this.columns.forEach((column, i) => column.show(this.cells[i], exam));
    if (this.acts) this.setAction(this.action(exam));
  }

  /** The button is made anew only where it is another one: it may have the focus. */
  setAction(found) {
    const told = found?.getAttribute("aria-label") ?? null;
    if ((this.acts.firstChild?.getAttribute("aria-label") ?? null) !== told) this.acts.replaceChildren(...(found ? [found] : []));
  }

  tick() {
    this.columns.forEach((column, i) => column.tick?.(this.cells[i], this.exam));
  }
}
