// The live board: the stream fills a model, and the parts of the page draw it a few times a second.

import { AlertPanel } from "./alerts.js";
import * as clock from "./clock.js";
import { byId, setText } from "./dom.js";
import { matcher } from "./exam_filter.js";
import { Exams, isOpen } from "./exams.js";
import { FilterBar, remember } from "./filter_bar.js";
import { LikelyLate } from "./likely_late.js";
import { Link } from "./link.js";
import { isPast, withInstant, written } from "./past.js";
import { alertsAt } from "./past_board.js";
import { Playback } from "./playback.js";
import { StageStrip } from "./stages.js";
import { TodayPanel } from "./today.js";
import { TurnaroundPanel } from "./turnaround.js";
import { inAddress, WallMode } from "./wall.js";
import { WorklistPanel } from "./worklist.js";

const FIGURES_EVERY_MS = 3000; // while a day is played

const exams = new Exams({ draw, changed });
const filters = new FilterBar(byId("filters"), ["site", "modality", "priority", "class"], chosen);
const worklist = new WorklistPanel(exams, filters);
const strip = new StageStrip(byId("stages"), (stage) => worklist.showStage(stage));
const turnaround = new TurnaroundPanel(question);
const today = new TodayPanel(question);
const alerts = new AlertPanel();
const likely = new LikelyLate();
new WallMode();

/** What the figures are asked for: the interval, and the exams that the board is filtered to. */
function question() {
  const { site, modality, priority, class: patient_class } = filters.value;
  const asked = { interval: byId("interval").value, site, modality, priority, patient_class };
  return withInstant(new URLSearchParams(Object.entries(asked).filter(([, value]) => value)));
}

function changed(rows) {
  if (rows.some((row) => row.stage === "final")) turnaround.refreshSoon();
}

function chosen(filter) {
  remember(filter, inAddress());
  draw();
  drawAlerts();
  turnaround.refresh();
  today.refresh();
}

function draw() {
  const all = [...exams.byId.values()];
  filters.offer(all);
  byId("board-clear").hidden = !filters.isSet;
  const found = all.filter(matcher({ ...filters.value, stage: "" }));
  strip.draw(found, exams.loaded);
  likely.draw(found);
  worklist.draw();
  drawTotals(found);
}

function drawAlerts(found) {
  alerts.draw(found, filters.isSet ? matcher({ ...filters.value, stage: "" }) : null);
}

function drawTotals(found) {
  const open = found.filter(isOpen);
  const stat = open.filter((exam) => exam.priority === "STAT").length;
  const speed = isPast || clock.speed() === 1 ? "" : ` · clock ×${clock.speed()}`;
  setText(byId("totals"), exams.loaded ? `${open.length} open${stat ? ` · ${stat} STAT` : ""}${speed}` : "");
}

byId("board-clear").addEventListener("click", () => filters.clear());
byId("interval").addEventListener("change", () => {
  turnaround.refresh();
  today.refresh();
});
new Link("/api/stream", { ...exams.handlers(), alerts: drawAlerts });
if (isPast) {
  let figuresAt = performance.now();
  new Playback(exams, {
    moved: () => {
      drawAlerts(alertsAt([...exams.byId.values()], clock.now()));
      if (performance.now() - figuresAt < FIGURES_EVERY_MS) return;
      figuresAt = performance.now();
      today.refresh();
    },
    rested: () => { turnaround.refresh(); today.refresh(); },
  });
}
byId("look-back")?.addEventListener("click", () => {
  const address = new URLSearchParams(location.search);
  address.set("as_of", written(clock.now()));
  location.assign(`?${address}`);
});

setInterval(() => {
  strip.tick();
  likely.tick();
  worklist.tick();
  alerts.tick();
}, 1000);
draw();
