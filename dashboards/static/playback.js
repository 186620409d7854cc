// A day of the board, played back: the server sends the day once, and the page moves in it by itself.

import * as clock from "./clock.js";
import { byId, setText, svg } from "./dom.js";
import { isOpen } from "./exams.js";
import { PastBoard } from "./past_board.js";
import { instant, moveTo, sense, withInstant, written } from "./past.js";
import { showPrivacy } from "./privacy.js";

const TICK_MS = 200;
const [MINUTE_MS, DAY_MS] = [60000, 86400000];
const STEP_MIN = 5;
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const local = (ms) => new Date(ms + clock.offsetAt(ms) * 1000);
const two = (number) => String(number).padStart(2, "0");

export class Playback {
  /** `exams` is the model of the page; `moved` hears of each new instant, `rested` when it stays there for now. */
  constructor(exams, { moved, rested }) {
    Object.assign(this, { exams, moved, rested, board: null, playing: null });
    this.slider = byId("moment");
    this.button = byId("play");
    this.button.addEventListener("click", () => this.toggle());
    this.slider.addEventListener("input", () => this.seek(this.start + Number(this.slider.value) * MINUTE_MS));
    this.slider.addEventListener("change", () => this.rested());
    byId("pace").addEventListener("change", () => this.playing && this.run());
    byId("day").addEventListener("change", (event) => event.target.value && this.go(event.target.value));
    byId("day-before").addEventListener("click", () => this.go(byId("day").value, -1));
    byId("day-after").addEventListener("click", () => this.go(byId("day").value, 1));
    document.addEventListener("keydown", (event) => this.key(event));
    this.load();
  }

  async load() {
    const panel = byId("playback");
    panel.classList.add("is-loading");
    try {
      const answer = await fetch(`/api/playback?${withInstant(new URLSearchParams())}`);
      const found = await answer.json();
      if (!answer.ok) return this.refused(found);
      this.take(found);
    } catch {
      this.refused({ detail: "The dashboard server gives no answer: load the page again when it is there." });
    } finally {
      panel.classList.remove("is-loading");
    }
  }

  refused({ detail }) {
    byId("notice").hidden = false;
    setText(byId("notice"), detail);
  }

  take(found) {
    [this.start, this.end, this.until] = [found.start, found.end, found.known_until].map((text) => Date.parse(text));
    this.clock = found.clock;
    this.board = new PastBoard(found.frames);
    this.slider.max = Math.round((this.end - this.start) / MINUTE_MS);
    this.slider.disabled = false;
    this.drawCurve();
    showPrivacy(found.phi);
    const { is_before_first: isBefore, first_at: first } = found.as_of;
    if (isBefore) this.refused({ detail: first ? `Nothing was known yet: the first event is of ${this.words(Date.parse(first))}.` : "Nothing is known at all yet." });
    this.seek(Date.parse(found.as_of.at));
    this.rested();
  }

  /** How many exams were open over the day, behind the slider; what is not over yet stays grey. */
  drawCurve() {
    const counts = this.board.counts((exams) => exams.filter(isOpen).length);
    const most = Math.max(1, ...counts.map(([, count]) => count));
    const x = (ms) => ((ms - this.start) / (this.end - this.start)) * 1440;
    const line = counts.map(([ms, count]) => `L${x(ms).toFixed(1)} ${(40 - (36 * count) / most).toFixed(1)}`).join("");
    byId("open-curve").replaceChildren(
      svg("path", { d: `M0 40${line}V40Z` }),
      svg("rect", { x: x(this.until), y: 0, width: Math.max(0, 1440 - x(this.until)), height: 40 }));
  }

  /** Shows the instant, as near as the day goes. */
  seek(ms, { speed = 0 } = {}) {
    if (!this.board) return;
    const at = Math.min(Math.max(ms, this.start), this.until);
    clock.setClock({ ...this.clock, now: new Date(at).toISOString(), speed: this.playing ? this.speed() : speed });
    this.show(at);
  }

  show(at) {
    const { rows, gone, isWhole } = this.board.moveTo(at);
    const on = this.exams.handlers();
    if (isWhole) on.snapshot({ rows });
    else if (rows.length || gone.length) on.delta({ rows, gone });
    moveTo(at, this.words(at));
    const time = clock.wallTime(at);
    setText(byId("moment-told"), time.slice(0, 5));
    setText(byId("clock"), time);
    const minutes = Math.round((at - this.start) / MINUTE_MS);
    if (Number(this.slider.value) !== minutes) this.slider.value = minutes;
    this.slider.setAttribute("aria-valuetext", `${time.slice(0, 5)}, ${[...this.exams.byId.values()].filter(isOpen).length} exams open`);
    this.moved();
  }

  words(ms) {
    const day = local(ms);
    return `${WEEKDAYS[day.getUTCDay()]} ${day.getUTCDate()} ${MONTHS[day.getUTCMonth()]} ${day.getUTCFullYear()}, ${two(day.getUTCHours())}:${two(day.getUTCMinutes())}`;
  }

  /** Seconds of the day in a second of ours. */
  speed() {
    return (this.end - this.start) / 1000 / Number(byId("pace").value);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.run();
  }

  run() {
    if (!this.board) return;
    clearInterval(this.playing);
    this.playing = setInterval(() => this.tick(), TICK_MS);
    // From the end it begins again.
    this.seek(instant() >= this.until ? this.start : instant());
    this.tell();
  }

  tick() {
    const at = clock.now();
    if (at >= this.until) this.pause();
    else this.show(at);
  }

  pause() {
    clearInterval(this.playing);
    this.playing = null;
    this.seek(clock.now());
    this.tell();
    this.rested();
  }

  tell() {
    this.button.classList.toggle("is-playing", Boolean(this.playing));
    this.button.setAttribute("aria-label", this.playing ? "Pause" : "Play");
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, button, a, [tabindex]")) {
      // The slider's own keys move it; space plays there, too.
      if (event.key !== " " || event.target !== this.slider) return;
    }
    const steps = { ArrowLeft: -STEP_MIN, ArrowRight: STEP_MIN }[event.key];
    if (steps) {
      this.seek(instant() + steps * MINUTE_MS);
      this.rested();
    } else if (event.key === " ") this.toggle();
    else return;
    event.preventDefault();
  }

  /** Another day, at the same time of it. */
  go(day, days = 0) {
    const midnight = Date.parse(`${day}T00:00:00Z`) + days * DAY_MS;
    const at = midnight - clock.offsetAt(midnight) * 1000 + (instant() - this.start);
    const address = new URLSearchParams(location.search);
    address.set("as_of", written(Math.min(at, this.latest())));
    address.set("sense", sense);
    location.assign(`?${address}`);
  }

  /** What is no future: the banner says when the page was made. */
  latest() {
    return Date.parse(byId("past").dataset.now);
  }
}
