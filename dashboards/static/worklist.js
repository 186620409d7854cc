// The worklist: filter, sort, and a table that holds only the rows in sight.

import { byId, el, setText } from "./dom.js";
import { patientName, PRIORITIES, stageLabel, stageOrder, STAGES, urgency } from "./labels.js";
import { Row } from "./worklist_row.js";

const ROWS_BEYOND_SIGHT = 8;

const text = (a, b) => (a === b ? 0 : a === "" ? 1 : b === "" ? -1 : a.localeCompare(b, undefined, { numeric: true }));
const byText = (name) => (a, b) => text(a[name] ?? "", b[name] ?? "");
const byNumber = (value) => (a, b) => value(a) - value(b);

const COLUMNS = [
  { id: "priority", label: "Priority", compare: byNumber((exam) => urgency(exam.priority)) },
  { id: "stage", label: "Stage", compare: byNumber((exam) => stageOrder(exam.stage)) },
  { id: "age", label: "In stage", compare: byNumber((exam) => exam.sinceMs) },
  { id: "due", label: "Due", title: "When the next interval with a target has to have ended", compare: byNumber((exam) => exam.dueMs ?? Infinity) },
  { id: "next", label: "Next", title: "Who must act next", compare: byText("next_actor") },
  { id: "modality", label: "Mod.", title: "Modality", compare: byText("modality") },
  { id: "procedure", label: "Procedure", compare: byText("procedure") },
  { id: "patient", label: "Patient", compare: (a, b) => text(patientName(a), patientName(b)) },
  { id: "accession", label: "Accession", compare: byText("accession") },
  { id: "location", label: "Location", compare: byText("location") },
  { id: "ordered", label: "Ordered", compare: byNumber((exam) => exam.orderedMs ?? Infinity) },
  { id: "images", label: "Images", compare: byNumber((exam) => exam.images ?? 0) },
];


export class WorklistTable {
  constructor(exams) {
    this.exams = exams;
    this.filter = { text: "", modality: "", priority: "", stage: "open" };
    this.sort = { id: "priority", direction: 1 };
    this.found = [];
    this.rows = new Map();
    this.scroll = byId("scroll");
    this.body = byId("rows");
    this.above = el("tr", { class: "spacer", role: "presentation" }, el("td", { colspan: COLUMNS.length, role: "presentation" }));
    this.below = this.above.cloneNode(true);
    this.body.append(this.above, this.below);
    this.buildHead();
    this.buildFilters();
    this.scroll.addEventListener("scroll", () => this.drawRows(), { passive: true });
    new ResizeObserver(() => { this.height = 0; this.drawRows(); }).observe(this.scroll);
  }

  buildHead() {
    this.heads = COLUMNS.map((column) =>
      el("th", { scope: "col", role: "columnheader", class: `c-${column.id}`, title: column.title },
        el("button", { type: "button", on: { click: () => this.sortBy(column.id) } }, column.label)));
    byId("columns").append(...this.heads);
  }

  buildFilters() {
    this.inputs = {};
    for (const name of Object.keys(this.filter)) {
      const input = byId(`filter-${name}`);
      this.inputs[name] = input;
      input.addEventListener("input", () => this.setFilter({ [name]: input.value }));
    }
    const options = (first, values) => [first, ...values].map(([value, label]) => el("option", { value }, label));
    this.inputs.priority.append(...options(["", "Any priority"], PRIORITIES.map((name) => [name, name])));
    this.inputs.stage.append(
      ...options(["", "All stages"], [["open", "Open exams"], ...STAGES.map((stage) => [stage.id, stageLabel(stage.id)])]));
    this.inputs.stage.value = this.filter.stage;
    this.setModalities();
    byId("filter-clear").addEventListener("click", () => this.setFilter({ text: "", modality: "", priority: "", stage: "open" }));
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.target.closest("input, select, textarea")) return;
      event.preventDefault();
      this.inputs.text.focus();
    });
  }

  setModalities() {
    const known = [...new Set([...this.exams.values()].map((exam) => exam.modality).filter(Boolean))].sort();
    if (this.filter.modality && !known.includes(this.filter.modality)) known.push(this.filter.modality);
    const signature = known.join();
    if (signature === this.modalities) return;
    this.modalities = signature;
    this.inputs.modality.replaceChildren(
      el("option", { value: "" }, "Any modality"), ...known.map((name) => el("option", { value: name }, name)));
    this.inputs.modality.value = this.filter.modality;
  }

  /** Shows one stage, and brings the table into sight. */
  showStage(stage) {
    this.setFilter({ text: "", modality: "", priority: "", stage });
    byId("worklist").scrollIntoView({ block: "nearest" });
    this.scroll.focus({ preventScroll: true });
  }

  setFilter(change) {
    Object.assign(this.filter, change);
    for (const [name, value] of Object.entries(this.filter)) if (this.inputs[name].value !== value) this.inputs[name].value = value;
    this.scroll.scrollTop = 0;
    this.draw(this.loaded);
  }

  sortBy(id) {
    this.sort = { id, direction: this.sort.id === id ? -this.sort.direction : 1 };
    this.scroll.scrollTop = 0;
    this.draw(this.loaded);
  }

  draw(loaded) {
    this.loaded = loaded;
    this.setModalities();
    const words = this.filter.text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    this.found = [...this.exams.values()].filter((exam) => this.wants(exam, words));
    const { compare } = COLUMNS.find((column) => column.id === this.sort.id);
    const { direction } = this.sort;
    this.found.sort((a, b) => direction * compare(a, b) || a.sinceMs - b.sinceMs || (a.exam_id < b.exam_id ? -1 : 1));
    this.drawHead();
    this.drawRows();
  }

  wants(exam, words) {
    const { modality, priority, stage } = this.filter;
    if (stage === "open" ? exam.stage === "final" || exam.stage === "cancelled" : stage && exam.stage !== stage) return false;
    if (modality && exam.modality !== modality) return false;
    if (priority && (exam.priority ?? "ROUTINE") !== priority) return false;
    if (!words.length) return true;
    exam.searched ??= [exam.accession, exam.exam_id, patientName(exam), exam.pseudonym, exam.procedure, exam.modality, exam.location]
      .filter(Boolean).join(" ").toLocaleLowerCase();
    return words.every((word) => exam.searched.includes(word));
  }

  drawHead() {
    this.heads.forEach((head, i) => {
      const sorted = COLUMNS[i].id === this.sort.id;
      head.setAttribute("aria-sort", !sorted ? "none" : this.sort.direction > 0 ? "ascending" : "descending");
    });
    const filtered = this.filter.text || this.filter.modality || this.filter.priority || this.filter.stage !== "open";
    byId("filter-clear").hidden = !filtered;
    setText(byId("shown"), this.loaded ? `${this.found.length} of ${this.exams.size}` : "");
    const empty = byId("empty");
    empty.hidden = this.found.length > 0;
    setText(empty, this.emptyText());
    this.scroll.querySelector("table").setAttribute("aria-rowcount", this.found.length + 1);
  }

  emptyText() {
    if (!this.loaded) return "Waiting for the worklist…";
    if (!this.exams.size) return "No exams yet. The first order that arrives appears here by itself.";
    return "No exam fits these filters.";
  }

  /** Only the rows in sight and a few around them are in the document. */
  drawRows() {
    const height = this.rowHeight();
    const first = Math.max(0, Math.floor(this.scroll.scrollTop / height) - ROWS_BEYOND_SIGHT);
    const last = Math.min(this.found.length, Math.ceil((this.scroll.scrollTop + this.scroll.clientHeight) / height) + ROWS_BEYOND_SIGHT);
    const used = new Set();
    let before = this.above;
    for (let place = first; place < last; place += 1) {
      const exam = this.found[place];
      const row = this.row(exam);
      used.add(exam.exam_id);
      row.node.setAttribute("aria-rowindex", place + 2);
      if (before.nextSibling !== row.node) before.after(row.node);
      before = row.node;
    }
    for (const [id, row] of this.rows) {
      if (used.has(id)) continue;
      row.node.remove();
      this.rows.delete(id);
    }
    this.above.firstChild.style.height = `${first * height}px`;
    this.below.firstChild.style.height = `${Math.max(0, this.found.length - last) * height}px`;
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
    if (!row) this.rows.set(exam.exam_id, (row = new Row()));
    if (row.exam !== exam) row.set(exam);
    return row;
  }

  tick() {
    for (const row of this.rows.values()) row.tick();
  }
}
