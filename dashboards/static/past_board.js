// The frames of a day: the board as the day began, then what changed by each of its instants.

export class PastBoard {
  /** `frames` as /api/playback has them: the first is whole, in each later one stands the difference. */
  constructor(frames) {
    this.frames = frames.map((frame) => ({ ...frame, ms: Date.parse(frame.at) }));
    this.rows = new Map();
    this.shown = 0; // so many frames
  }

  /** What has to be told of the board to be at `ms`: changed rows and who left, or all rows where it goes back. */
  moveTo(ms) {
    const wanted = Math.max(1, this.frames.filter((frame) => frame.ms <= ms).length);
    const isWhole = wanted < this.shown || this.shown === 0;
    if (isWhole) {
      this.rows.clear();
      this.shown = 0;
    }
    const changed = new Set();
    const left = new Set();
    while (this.shown < wanted) {
      this.take(this.frames[this.shown], changed, left);
      this.shown += 1;
    }
    const rows = isWhole ? [...this.rows.values()] : [...changed].map((id) => this.rows.get(id));
    return { rows: rows.map((row) => ({ ...row })), gone: [...left], isWhole };
  }

  take({ rows, gone }, changed, left) {
    for (const id of gone) {
      this.rows.delete(id);
      changed.delete(id);
      left.add(id);
    }
    for (const patch of rows) {
      const row = { ...this.rows.get(patch.exam_id), ...patch };
      for (const [name, value] of Object.entries(patch)) if (value === null) delete row[name];
      this.rows.set(patch.exam_id, row);
      changed.add(patch.exam_id);
      left.delete(patch.exam_id);
    }
  }

  /** `count` of the exams after each frame: pairs of instant and number. The board itself stays where it is. */
  counts(count) {
    const other = new PastBoard([]);
    return this.frames.map((frame) => {
      other.take(frame, new Set(), new Set());
      return [frame.ms, count([...other.rows.values()])];
    });
  }
}

/** The alerts that exams had at `now`: from the targets that each was under way to. In the order of /api/alerts. */
export function alertsAt(exams, now) {
  const found = exams.flatMap((exam) => (exam.targets ?? []).filter((one) => Date.parse(one.warn_at) <= now).map((one) => ({
    ...exam, ...one, alert_id: `${exam.exam_id} ${one.interval}`, dueAt: Date.parse(one.due_at),
    state: Date.parse(one.due_at) <= now ? "breached" : "warned",
  })));
  const warned = found.filter((one) => one.state === "warned").sort((a, b) => a.dueAt - b.dueAt);
  const breached = found.filter((one) => one.state === "breached").sort((a, b) => b.dueAt - a.dueAt);
  return { warned: warned.length, breached: breached.length, alerts: [...warned, ...breached].slice(0, 200) };
}
