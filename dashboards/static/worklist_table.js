// A table of exams that holds only the rows in sight, with the keys to walk through it.

import { el, setText } from "./dom.js";
import { Row } from "./worklist_row.js";

const ROWS_BEYOND_SIGHT = 8;

export class WorklistTable {
  /** `root` has the scrolling frame, the table and a text for when it is empty; `sorted` hears of a sort. */
  constructor(root, columns, { sort = { id: "priority", direction: 1 }, action = null, sorted = () => {} } = {}) {
    this.columns = columns;
    this.action = action;
    this.sorted = sorted;
    this.sort = { ...sort };
    this.found = [];
    this.rows = new Map();
    this.scroll = root;
    this.table = root.querySelector("table");
    this.body = root.querySelector("tbody");
    this.empty = root.querySelector(".empty");
    this.above = el("tr", { class: "spacer", role: "presentation" }, el("td", { role: "presentation" }));
    this.below = this.above.cloneNode(true);
    this.body.append(this.above, this.below);
    this.buildHead(root.querySelector("thead tr"));
    this.scroll.addEventListener("scroll", () => this.drawRows(), { passive: true });
    new ResizeObserver(() => { this.height = 0; this.drawRows(); }).observe(this.scroll);
  }

  buildHead(line) {
    this.heads = this.columns.map((column) =>
      el("th", { scope: "col", role: "columnheader", class: `c-${column.id}`, title: column.title },
        el("button", { type: "button", on: { click: () => this.sortBy(column.id) } }, column.label)));
    line.append(...this.heads);
    if (this.action) line.append(el("th", { scope: "col", role: "columnheader", class: "c-action" }, el("span", { class: "unseen" }, "Action")));
  }

  sortBy(id, direction = this.sort.id === id ? -this.sort.direction : 1) {
    this.sort = { id, direction };
    this.scroll.scrollTop = 0;
    this.show(this.found, this.emptyText);
    this.sorted(this.sort);
  }

  /** Shows these exams in the chosen order. */
  show(exams, emptyText) {
    const { compare } = this.columns.find((column) => column.id === this.sort.id) ?? this.columns[0];
    const { direction } = this.sort;
    this.emptyText = emptyText;
    this.found = [...exams].sort((a, b) => direction * compare(a, b) || a.sinceMs - b.sinceMs || (a.exam_id < b.exam_id ? -1 : 1));
    this.drawHead();
    this.drawRows();
  }

  drawHead() {
    this.heads.forEach((head, i) => {
      const sorted = this.columns[i].id === this.sort.id;
      head.setAttribute("aria-sort", !sorted ? "none" : this.sort.direction > 0 ? "ascending" : "descending");
    });
    this.empty.hidden = this.found.length > 0;
    setText(this.empty, this.emptyText);
    this.table.setAttribute("aria-rowcount", this.found.length + 1);
  }

  /** Only the rows in sight and a few around them are in the document. */
  drawRows() {
    const height = this.rowHeight();
    const first = Math.max(0, Math.floor(this.scroll.scrollTop / height) - ROWS_BEYOND_SIGHT);
    const last = Math.min(this.found.length, Math.ceil((this.scroll.scrollTop + this.scroll.clientHeight) / height) + ROWS_BEYOND_SIGHT);
    const wanted = this.found.slice(first, last);
    const focused = this.body.contains(document.activeElement) ? document.activeElement : null;
    this.dropAllBut(new Set(wanted.map((exam) => exam.exam_id)));
    let before = this.above;
    wanted.forEach((exam, place) => {
      const row = this.row(exam);
      row.node.setAttribute("aria-rowindex", first + place + 2);
      if (before.nextSibling !== row.node) before.after(row.node);
      before = row.node;
    });
    this.above.firstChild.style.height = `${first * height}px`;
    this.below.firstChild.style.height = `${Math.max(0, this.found.length - last) * height}px`;
    // A node that is moved loses the focus.
    if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
  }

  dropAllBut(used) {
    for (const [id, row] of this.rows) {
      if (used.has(id)) continue;
      row.node.remove();
      this.rows.delete(id);
    }
  }

  rowHeight() {
    if (!this.height) {
      const probe = el("div", { class: "row-height" });
      this.scroll.append(probe);
      this.height = probe.offsetHeight || 32;
      probe.remove();
    }
    return this.height;
  }

  row(exam) {
    let row = this.rows.get(exam.exam_id);
    if (!row) this.rows.set(exam.exam_id, (row = new Row(this.columns, this.action)));
    if (row.exam !== exam) row.set(exam);
    return row;
  }

  /** The exam whose row has the focus, or had it last. */
  get current() {
    const row = document.activeElement?.closest?.("tr[data-exam]");
    if (row && this.body.contains(row)) this.last = row.dataset.exam;
    return this.found.findIndex((exam) => exam.exam_id === this.last);
  }

  /** Moves the focus by `step` rows: to the first one where none had it. */
  move(step) {
    if (!this.found.length) return;
    const at = this.current;
    const next = at < 0 ? 0 : Math.min(this.found.length - 1, Math.max(0, at + step));
    this.reveal(next);
    this.last = this.found[next].exam_id;
    this.rows.get(this.last)?.link.focus({ preventScroll: true });
  }

  reveal(place) {
    const [height, head] = [this.rowHeight(), this.table.tHead.offsetHeight];
    const [top, seen] = [place * height, this.scroll.clientHeight - head];
    if (top < this.scroll.scrollTop) this.scroll.scrollTop = top;
    else if (top + height > this.scroll.scrollTop + seen) this.scroll.scrollTop = top + height - seen;
    this.drawRows();
  }

  tick() {
    for (const row of this.rows.values()) row.tick();
  }
}
