// The exams as the stream has them: a model that tells of changes a few times a second at most.

const DRAW_EVERY_MS = 200;
const FINISHED = new Set(["final", "cancelled"]);

const instant = (text) => (text ? Date.parse(text) : null);

/** A row of the stream with its times as milliseconds since the epoch. */
function read(row) {
  row.sinceMs = Date.parse(row.since);
  row.dueMs = instant(row.due_at);
  row.warnMs = instant(row.warn_at);
  row.expectedMs = instant(row.expected_at);
  row.orderedMs = instant(row.ordered_at);
  row.scheduledMs = instant(row.scheduled_at);
  return row;
}

export const isOpen = (exam) => !FINISHED.has(exam.stage);

/** Exams by id. `draw` is called in an animation frame after changes; `changed` hears of each frame's rows. */
export class Exams {
  constructor({ draw, changed = () => {} }) {
    this.byId = new Map();
    this.loaded = false;
    this.draw = draw;
    this.changed = changed;
    this.drawnAt = 0;
    this.waiting = false;
  }

  /** The handlers of a Link. */
  handlers() {
    return {
      snapshot: ({ rows }) => {
        this.byId.clear();
        this.loaded = true;
        this.take(rows);
      },
      delta: ({ rows, gone }) => {
        gone.forEach((id) => this.byId.delete(id));
        this.take(rows);
      },
    };
  }

  take(rows) {
    for (const row of rows) this.byId.set(row.exam_id, read(row));
    this.changed(rows);
    this.drawSoon();
  }

  drawSoon() {
    if (this.waiting) return;
    this.waiting = true;
    const act = () => {
      this.waiting = false;
      this.drawnAt = performance.now();
      this.draw();
    };
    setTimeout(() => requestAnimationFrame(act), Math.max(0, this.drawnAt + DRAW_EVERY_MS - performance.now()));
  }
}
