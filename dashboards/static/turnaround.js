// Turnaround times of the day, by modality: numbers, and a small chart of each row.

import * as clock from "./clock.js";
import { byId, el, svg } from "./dom.js";
import { duration, urgency } from "./labels.js";

const AT_LEAST_MS = 4000;
const AT_MOST_MS = 20000;
const WIDTH = 120;
const HEIGHT = 18;

export class TurnaroundPanel {
  /** `question` gives the parameters of what is asked. */
  constructor(question) {
    this.question = question;
    this.root = byId("tat");
    this.select = byId("interval");
    this.by = byId("tat-by");
    this.by.addEventListener("change", () => this.found && this.show(this.found));
    this.asked = -Infinity;
    this.timer = null;
    setInterval(() => this.refreshSoon(), AT_MOST_MS);
    this.refreshSoon();
  }

  /** However often it is said: one question in a few seconds. */
  refreshSoon() {
    this.timer ??= setTimeout(() => this.refresh(), Math.max(300, this.asked + AT_LEAST_MS - performance.now()));
  }

  async refresh() {
    clearTimeout(this.timer);
    this.timer = null;
    this.asked = performance.now();
    const asked = String(this.question());
    this.latest = asked;
    this.select.title = this.select.selectedOptions[0]?.title ?? "";
    try {
      const answer = await fetch(`/api/turnaround?${asked}`);
      const found = await answer.json();
      if (asked !== this.latest) return;
      if (answer.ok) this.show(found);
      else this.unavailable(found);
    } catch {
      // The server is away: the header says so, and these are the last figures that there were.
    }
  }

  unavailable(problem) {
    const since = Date.parse(problem.unavailable_since);
    const when = Number.isNaN(since) ? "" : ` since ${clock.wallTime(since)}, for ${duration((Date.now() - since) / 1000)}`;
    this.root.replaceChildren(
      el("p", { class: "unavailable", role: "status" },
        el("strong", {}, `Analytics unavailable${when}`),
        el("span", {}, "ClickHouse gives no answer. The board and the worklist go on without it; figures come back by themselves.")),
    );
  }

  show(found) {
    this.found = found;
    const { all } = found;
    if (!all) {
      const quiet = this.select.value === "report_turnaround" ? "No report was finalised today yet." : "Nothing measured today yet.";
      this.root.replaceChildren(el("p", { class: "empty" }, quiet));
      return;
    }
    const groups = [...grouped(found, this.by.value), { ...all, label: "All" }];
    const scale = niceScale(Math.max(...groups.map((group) => group.p95_s)));
    this.root.replaceChildren(
      el("table", { class: "tat-table" }, head(scale), el("tbody", {}, groups.map((group, at) => row(group, scale, groups[at - 1])))),
      legend(groups.some((group) => group.target_s)),
    );
  }
}

/** The rows of the table: modalities, priorities, or each modality with its priorities below one another. */
function grouped({ modalities, priorities, cells }, by) {
  if (by === "modality") return modalities.map((one) => ({ ...one, label: one.modality }));
  const byUrgency = (a, b) => urgency(a.priority) - urgency(b.priority);
  if (by === "priority") return [...priorities].sort(byUrgency).map((one) => ({ ...one, label: "" }));
  return modalities.flatMap(({ modality }) =>
    cells.filter((cell) => cell.modality === modality).sort(byUrgency).map((cell) => ({ ...cell, label: modality })));
}

function head(scale) {
  const column = (text, title, kind) => el("th", { scope: "col", title, class: kind }, text);
  return el("thead", {}, el("tr", {},
    column("Group", "Modality and priority", "name"),
    column("n", "Exams of today", "number"),
    el("th", { scope: "col", class: "chart", "aria-label": "Chart" },
      svg("svg", { viewBox: `0 0 ${WIDTH} 12`, "aria-hidden": "true", class: "axis" },
        scale.ticks.map((tick, i) => svg("text", {
          x: (tick / scale.max) * WIDTH, y: 10,
          "text-anchor": i === 0 ? "start" : i === scale.ticks.length - 1 ? "end" : "middle",
        }, i === 0 ? "0" : shortDuration(tick))))),
    column("p50", "Half of the exams took less", "number"),
    column("p90", "Nine of ten took less", "number"),
    column("p95", "Nineteen of twenty took less", "number p95"),
    column("Target", "How long it may take, and how many of the exams with a target kept it", "number"),
  ));
}

function row(group, scale, above) {
  const number = (text, kind = "number") => el("td", { class: kind }, text);
  const isSame = above && above.label === group.label;
  return el("tr", { class: group.label === "All" ? "all" : isSame ? "is-same" : null },
    el("th", { scope: "row", class: "name" },
      el("span", { class: isSame ? "unseen" : null }, group.label), " ",
      group.priority ? el("span", { class: "badge", "data-priority": group.priority }, group.priority) : null),
    number(String(group.exams)),
    el("td", { class: "chart" }, chart(group, scale)),
    number(duration(group.p50_s), "number strong"),
    number(duration(group.p90_s)),
    number(duration(group.p95_s), "number p95"),
    kept(group),
  );
}

/** The target, and how many kept it: with a sign, for who does not see the colour. */
function kept({ target_s: target, judged, kept: in_time }) {
  if (!judged) return el("td", { class: "number kept", "data-kept": "none" }, "–");
  const late = judged - in_time;
  const state = !late ? "all" : late / judged > 0.1 ? "few" : "most";
  const sign = { all: "✓", most: "◆", few: "▲" }[state];
  const said = target ? `${duration(target)}: ${in_time} of ${judged} in time` : `each by its own target: ${in_time} of ${judged} in time`;
  return el("td", { class: "number kept", "data-kept": state, title: said },
    target ? el("span", { class: "kept-target" }, duration(target)) : null, " ",
    el("b", {}, `${sign} ${Math.floor((100 * in_time) / judged)}\u202f%`), el("span", { class: "unseen" }, " in time"));
}

function chart(group, scale) {
  const x = (seconds) => Math.min(WIDTH, (seconds / scale.max) * WIDTH);
  const middle = HEIGHT / 2;
  const p95 = Math.min(WIDTH - 3, Math.max(3, x(group.p95_s)));
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true", class: "box" },
    scale.ticks.map((tick) => svg("line", { class: "grid", x1: x(tick), x2: x(tick), y1: 0, y2: HEIGHT })),
    svg("line", { class: "whisker", x1: x(group.p25_s), x2: x(group.p90_s), y1: middle, y2: middle }),
    svg("line", { class: "whisker", x1: x(group.p90_s), x2: x(group.p90_s), y1: middle - 4, y2: middle + 4 }),
    svg("rect", { class: "quartiles", x: x(group.p25_s), width: Math.max(1.5, x(group.p75_s) - x(group.p25_s)), y: middle - 5, height: 10, rx: 1.5 }),
    svg("line", { class: "median", x1: x(group.p50_s), x2: x(group.p50_s), y1: middle - 7, y2: middle + 7 }),
    group.target_s && group.target_s <= scale.max
      && svg("line", { class: "target", x1: x(group.target_s), x2: x(group.target_s), y1: 0, y2: HEIGHT }),
    svg("path", { class: "p95", d: `M${p95} ${middle - 3.2}l3.2 3.2-3.2 3.2-3.2-3.2z` }),
  );
}

function legend(hasTargets) {
  const key = (kind, text) => el("span", { class: "key" }, kind, text);
  const mark = (...shapes) => svg("svg", { viewBox: "0 0 18 12", "aria-hidden": "true", class: "box" }, shapes);
  return el("p", { class: "legend" },
    key(mark(svg("rect", { class: "quartiles", x: 2, y: 2, width: 14, height: 8, rx: 1.5 })), "middle half"),
    key(mark(svg("line", { class: "median", x1: 9, x2: 9, y1: 0, y2: 12 })), "p50"),
    key(mark(svg("line", { class: "whisker", x1: 2, x2: 14, y1: 6, y2: 6 }), svg("line", { class: "whisker", x1: 14, x2: 14, y1: 2, y2: 10 })), "p90"),
    key(mark(svg("path", { class: "p95", d: "M9 2.500l3.500 3.500-3.500 3.500-3.500-3.500z" })), "p95"),
    hasTargets ? key(mark(svg("line", { class: "target", x1: 9, x2: 9, y1: 0, y2: 12 })), "target") : null,
  );
}

const STEPS_S = [1, 5, 15, 30, 60, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800];

function niceScale(greatest) {
  const step = STEPS_S.find((candidate) => greatest / candidate <= 4) ?? Math.ceil(greatest / 4);
  const count = Math.max(1, Math.ceil(greatest / step));
  return { max: count * step, ticks: Array.from({ length: count + 1 }, (_, i) => i * step) };
}

function shortDuration(seconds) {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${seconds / 60}m`;
  if (seconds < 86400) return `${seconds / 3600}h`;
  return `${seconds / 86400}d`;
}
