// The strip of stages: a column each, and cards that are seen to move from one to the next.

import { stageOrder, STAGES } from "./labels.js";
import { Card, Column } from "./stage_column.js";

const CARDS_PER_STAGE = 30; // More are counted, and shown in the worklist.
const MOVES_AT_ONCE = 24;
const MOVE_MS = 700;
const SHIFT_MS = 350;
const FRESH_MS = 4000;

const stillness = matchMedia("(prefers-reduced-motion: reduce)");

export class StageStrip {
  constructor(root, onShow) {
    this.columns = new Map(STAGES.map((stage) => [stage.id, new Column(stage, onShow)]));
    this.cards = new Map();
    this.stageOf = new Map();
    this.ghosts = new Map();
    this.root = root;
    root.append(...[...this.columns.values()].map((column) => column.node));
  }

  tick() {
    for (const card of this.cards.values()) card.tick();
    for (const column of this.columns.values()) column.tick();
  }

  draw(exams, loaded) {
    const byStage = new Map(STAGES.map((stage) => [stage.id, []]));
    for (const exam of exams) byStage.get(exam.stage)?.push(exam);
    const motion = this.drawn && !stillness.matches && !document.hidden;
    const before = motion ? this.places() : null;
    const moved = this.moves(byStage);
    const left = this.arrange(byStage);
    this.mark(moved);
    if (motion) this.animate(before, moved, left);
    this.drawn = loaded;
    this.root.classList.toggle("is-loading", !loaded);
  }

  /** Which exams changed their stage: id -> the stage before. */
  moves(byStage) {
    const moved = new Map();
    const stages = new Map();
    for (const [stage, exams] of byStage) {
      for (const exam of exams) {
        stages.set(exam.exam_id, stage);
        const before = this.stageOf.get(exam.exam_id);
        if (before !== stage && this.drawn) moved.set(exam.exam_id, before ?? null);
      }
    }
    this.stageOf = stages;
    return moved;
  }

  /** Puts the cards where they belong; the cards that are in sight no more, by exam. */
  arrange(byStage) {
    const left = new Map();
    const present = new Set();
    for (const [stage, exams] of byStage) {
      const column = this.columns.get(stage);
      const sign = column.stage.latestFirst ? -1 : 1;
      exams.sort((a, b) => sign * (a.sinceMs - b.sinceMs) || (a.exam_id < b.exam_id ? -1 : 1));
      const shown = exams.slice(0, CARDS_PER_STAGE);
      shown.forEach((exam, place) => {
        present.add(exam.exam_id);
        const card = this.card(exam);
        const there = column.list.children[place];
        if (there !== card.node) column.list.insertBefore(card.node, there ?? null);
      });
      column.setCounts(exams.length, shown.length);
      column.setExams(exams);
    }
    for (const [id, card] of this.cards) {
      if (present.has(id)) continue;
      card.node.remove();
      this.cards.delete(id);
      left.set(id, card);
    }
    return left;
  }

  card(exam) {
    let card = this.cards.get(exam.exam_id);
    if (!card) this.cards.set(exam.exam_id, (card = new Card(exam)));
    else if (card.exam !== exam) card.set(exam);
    return card;
  }

  mark(moved) {
    for (const id of moved.keys()) {
      const link = this.cards.get(id)?.link;
      if (!link) continue;
      link.classList.add("is-fresh");
      setTimeout(() => link.classList.remove("is-fresh"), FRESH_MS);
    }
  }

  places() {
    const places = new Map();
    for (const [id, card] of this.cards) places.set(id, card.link.getBoundingClientRect());
    return places;
  }

  animate(before, moved, left) {
    const flights = [];
    const after = this.places();
    for (const [id, rect] of after) {
      const from = before.get(id);
      if (moved.has(id)) flights.push([id, from, rect, this.cards.get(id).link]);
      else if (from) shift(this.cards.get(id).link, from, rect);
    }
    // A card that is in sight no more (its new stage shows only the first) still flies there.
    for (const [id, card] of left) {
      if (moved.get(id)) flights.push([id, before.get(id), null, card.link]);
    }
    flights.sort((a, b) => stageOrder(this.stageOf.get(b[0])) - stageOrder(this.stageOf.get(a[0])));
    flights.slice(0, MOVES_AT_ONCE).forEach(([id, ...flight]) => this.fly(id, moved.get(id), ...flight));
  }

  fly(id, stageBefore, from, to, link) {
    if (!stageBefore || !from) {
      link.animate({ opacity: [0, 1], transform: ["scale(.92)", "none"] }, { duration: SHIFT_MS, easing: "ease-out" });
      return;
    }
    const target = this.columns.get(this.stageOf.get(id));
    // Who moves on while it still flies goes on from where it is.
    const start = this.ghosts.get(id)?.getBoundingClientRect() ?? (this.columns.get(stageBefore) ?? target).seen(from);
    this.ghosts.get(id)?.remove();
    const end = target.seen(to ?? target.head.getBoundingClientRect());
    // A copy flies above everything: columns clip what is inside of them.
    const ghost = link.cloneNode(true);
    ghost.classList.add("ghost");
    ghost.setAttribute("aria-hidden", "true");
    ghost.setAttribute("tabindex", "-1");
    Object.assign(ghost.style, {
      left: `${start.left}px`, top: `${start.top}px`, width: `${start.width}px`, height: `${start.height}px`,
    });
    document.body.append(ghost);
    this.ghosts.set(id, ghost);
    const [x, y] = [end.left - start.left, end.top - start.top];
    const timing = { duration: MOVE_MS, easing: "cubic-bezier(.3,.0,.2,1)" };
    link.animate({ opacity: [0, 0] }, timing);
    const flight = ghost.animate({ transform: ["none", `translate(${x}px,${y}px)`] }, timing);
    const land = () => {
      ghost.remove();
      if (this.ghosts.get(id) === ghost) this.ghosts.delete(id);
    };
    flight.finished.then(land, land);
  }
}

function shift(link, from, to) {
  const [x, y] = [from.left - to.left, from.top - to.top];
  if (Math.abs(x) < 1 && Math.abs(y) < 1) return;
  if (to.top > innerHeight && from.top > innerHeight) return;
  link.animate({ transform: [`translate(${x}px,${y}px)`, "none"] }, { duration: SHIFT_MS, easing: "ease-out" });
}
