// Today until now: exams by the hour, beside the same weekday of the weeks before.

import { byId, el, setText, svg } from "./dom.js";
import { duration } from "./labels.js";

const EVERY_MS = 30000;
const [WIDTH, HEIGHT, HOURS] = [168, 40, 24];
const STEPS = [["arrived", "Arrived"], ["acquired", "Acquired"], ["reported", "Reported"]];
const WEEKDAYS = ["Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays"];

const round = (number) => String(number < 10 ? Math.round(number * 10) / 10 : Math.round(number));

export class TodayPanel {
  /** `question` gives the parameters of what is asked. */
  constructor(question) {
    this.question = question;
    this.root = byId("today");
    setInterval(() => this.refresh(), EVERY_MS);
    this.refresh();
  }

  async refresh() {
    const asked = String(this.question());
    this.asked = asked;
    try {
      const answer = await fetch(`/api/today?${asked}`);
      const found = await answer.json();
      if (asked !== this.asked) return;
      if (answer.ok) this.show(found);
      else this.unavailable();
    } catch {
      // The server is away: the header says so, and these are the last figures that there were.
    }
  }

  unavailable() {
    setText(byId("today-against"), "");
    this.root.replaceChildren(el("p", { class: "empty" }, "No figures: analytics are unavailable."));
  }

  show({ day, hour, weeks, series, took_today: now, took_usually: usually }) {
    const days = WEEKDAYS[new Date(`${day}T12:00:00Z`).getUTCDay()];
    const which = weeks === 1 ? `the last of these ${days}` : `the last ${weeks} ${days}`;
    setText(byId("today-against"), weeks ? `against ${which}` : `no ${days} before yet`);
    const most = Math.max(1, ...Object.values(series).flatMap((one) => [...one.today, ...(one.usual ?? [])]));
    this.root.replaceChildren(
      ...STEPS.map(([name, label]) => step(label, series[name], hour, most)),
      ...(now ? [took(now, usually)] : []),
      el("p", { class: "legend" }, el("span", { class: "key" }, el("i", { class: "bar-key" }), "today by the hour"),
        weeks ? el("span", { class: "key" }, el("i", { class: "usual-key" }), "usual") : null),
    );
  }
}

function step(label, one, hour, most) {
  const usual = one.usual_so_far;
  const more = usual === null ? null : one.today_so_far - usual;
  const against = usual === null ? "" : `usual ${round(usual)} · ${more >= 0 ? "+" : "\u2212"}${round(Math.abs(more))}`;
  return el("div", { class: "step-line" },
    el("p", { class: "step-name" }, label),
    el("p", { class: "step-count" }, String(one.today_so_far)),
    el("p", { class: "step-usual" }, against),
    chart(one, hour, most, `${label} by the hour: ${told(one, hour)}`));
}

/** The hours for who does not see them. */
const told = (one, hour) =>
  one.today.slice(0, hour + 1).map((count, at) => (count ? `${at} to ${at + 1}: ${count}` : "")).filter(Boolean).join(", ") || "none";

function chart(one, hour, most, label) {
  const [wide, tall] = [WIDTH / HOURS, HEIGHT - 10];
  const height = (count) => (count / most) * tall;
  const usual = one.usual?.map((count, at) => `${at ? "L" : "M"}${at * wide} ${tall - height(count)}h${wide}`).join("");
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label, class: "hours" },
    one.today.map((count, at) => count > 0 && svg("rect", {
      class: at === hour ? "hour is-now" : "hour", x: at * wide + 1, width: wide - 2, y: tall - height(count), height: height(count),
    })),
    usual && svg("path", { class: "usual", d: usual }),
    svg("line", { class: "grid", x1: 0, x2: WIDTH, y1: tall, y2: tall }),
    [0, 6, 12, 18].map((at) => svg("text", { x: at * wide, y: HEIGHT - 1, class: "tick" }, `${at}h`)));
}

function took(now, usually) {
  const beside = (name) => (usually ? ` (usual ${duration(usually[name])})` : "");
  return el("p", { class: "took" }, "Half took up to ", el("b", {}, duration(now.p50_s)), beside("p50_s"),
    ", nine of ten ", el("b", {}, duration(now.p90_s)), beside("p90_s"));
}
