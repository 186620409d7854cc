// The live board: the stream fills a model, and the parts of the page draw it a few times a second.

import { AlertPanel } from "./alerts.js";
import * as clock from "./clock.js";
import { byId, setText } from "./dom.js";
import { Link } from "./link.js";
import { StageStrip } from "./stages.js";
import { TurnaroundPanel } from "./turnaround.js";
import { WorklistTable } from "./worklist.js";

const DRAW_EVERY_MS = 200;

const exams = new Map();
const worklist = new WorklistTable(exams);
const strip = new StageStrip(byId("stages"), (stage) => worklist.showStage(stage));
const turnaround = new TurnaroundPanel();
const alerts = new AlertPanel();
let drawnAt = 0;
let waiting = false;
let loaded = false;

function keep(row) {
  row.sinceMs = Date.parse(row.since);
  row.dueMs = row.due_at ? Date.parse(row.due_at) : null;
  row.warnMs = row.warn_at ? Date.parse(row.warn_at) : null;
  row.orderedMs = row.ordered_at ? Date.parse(row.ordered_at) : null;
  row.scheduledMs = row.scheduled_at ? Date.parse(row.scheduled_at) : null;
  exams.set(row.exam_id, row);
}

function changed() {
  if (waiting) return;
  waiting = true;
  setTimeout(() => requestAnimationFrame(draw), Math.max(0, drawnAt + DRAW_EVERY_MS - performance.now()));
}

function draw() {
  waiting = false;
  drawnAt = performance.now();
  strip.draw(exams.values(), loaded);
  worklist.draw(loaded);
  drawTotals();
}

function drawTotals() {
  let open = 0;
  let stat = 0;
  for (const exam of exams.values()) {
    if (exam.stage === "final" || exam.stage === "cancelled") continue;
    open += 1;
    if (exam.priority === "STAT") stat += 1;
  }
  const speed = clock.speed() === 1 ? "" : ` · clock ×${clock.speed()}`;
  setText(byId("totals"), loaded ? `${open} open${stat ? ` · ${stat} STAT` : ""}${speed}` : "");
}

new Link("/api/stream", {
  snapshot({ rows }) {
    exams.clear();
    rows.forEach(keep);
    loaded = true;
    turnaround.refreshSoon();
    changed();
  },
  delta({ rows, gone }) {
    rows.forEach(keep);
    gone.forEach((id) => exams.delete(id));
    if (rows.some((row) => row.stage === "final")) turnaround.refreshSoon();
    changed();
  },
  alerts: (found) => alerts.draw(found),
});

setInterval(() => {
  strip.tick();
  worklist.tick();
  alerts.tick();
}, 1000);
draw();
