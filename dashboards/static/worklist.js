// The board's worklist: a few columns, text and stage; the board's own filters hold for it, too.

import { byId, el, setText } from "./dom.js";
import { matcher, NOTHING } from "./exam_filter.js";
import { stageLabel, STAGES } from "./labels.js";
import { columnsOf } from "./worklist_columns.js";
import { WorklistTable } from "./worklist_table.js";
import { emptyText } from "./worklist_words.js";

const COLUMNS = columnsOf(
  "priority", "stage", "age", "due", "risk", "expected", "next", "modality", "procedure", "patient", "accession", "location", "ordered", "images");

export class WorklistPanel {
  /** `exams` has the exams by id, `filters` the board's own filters. */
  constructor(exams, filters) {
    this.exams = exams;
    this.filters = filters;
    this.text = byId("filter-text");
    this.stage = byId("filter-stage");
    this.clear = byId("filter-clear");
    this.table = new WorklistTable(byId("scroll"), COLUMNS);
    const options = [["", "All stages"], ["open", "Open exams"], ...STAGES.map((stage) => [stage.id, stageLabel(stage.id)])];
    this.stage.append(...options.map(([value, label]) => el("option", { value }, label)));
    this.stage.value = NOTHING.stage;
    for (const input of [this.text, this.stage]) input.addEventListener("input", () => this.refilter());
    this.clear.addEventListener("click", () => this.showStage(NOTHING.stage));
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.target.closest("input, select, textarea")) return;
      event.preventDefault();
      this.text.focus();
    });
  }

  /** Shows one stage, and brings the table into sight. */
  showStage(stage) {
    this.text.value = "";
    this.stage.value = stage;
    this.refilter();
    byId("worklist").scrollIntoView({ block: "nearest" });
    this.table.scroll.focus({ preventScroll: true });
  }

  refilter() {
    this.table.scroll.scrollTop = 0;
    this.draw();
  }

  draw() {
    const { byId: all, loaded } = this.exams;
    const wanted = matcher({ ...this.filters.value, text: this.text.value, stage: this.stage.value });
    const found = [...all.values()].filter(wanted);
    this.table.show(found, emptyText(loaded, all.size));
    this.clear.hidden = !this.text.value && this.stage.value === NOTHING.stage;
    setText(byId("shown"), loaded ? `${found.length} of ${all.size}` : "");
  }

  tick() {
    this.table.tick();
  }
}
