// The panels of the health page.

import { byId, el, setText, svg } from "./dom.js";
import { age, duration } from "./labels.js";

const STATES = { starting: "Starting", ready: "Serves", died: "Died", gone: "Gone", stopped: "Done", failed: "Failed" };
const count = (n) => n.toLocaleString("en");
const ago = (at) => (Date.now() - Date.parse(at)) / 1000;

/** Keeps what has not changed: a table that is drawn anew loses the reader's place. */
function redraw(node, key, made) {
  const told = JSON.stringify(key);
  if (node.dataset.told === told) return;
  node.dataset.told = told;
  node.replaceChildren(...[made()].flat());
}

export function drawParts({ parts, lag, is_supervised }) {
  byId("parts-none").hidden = is_supervised;
  setText(byId("parts-shown"), is_supervised ? `${parts.filter((part) => part.serves).length} of ${parts.length} serve` : "");
  const lags = new Map();
  for (const one of lag) {
    const part = one.part.split(" ")[0];
    lags.set(part, (lags.get(part) ?? 0) + one.lag);
  }
  const seen = parts.map((part) => [part.part, part.state, part.pid, part.restarts, lags.get(part.part), part.since && age(ago(part.since))]);
  redraw(byId("part-rows"), seen, () => parts.map((part) => el("tr", { "data-part": part.part, "data-state": part.state, class: part.serves ? null : "is-down" },
    el("th", { scope: "row" }, part.part, el("span", { class: "sub" }, part.serves ? part.does : part.without)),
    el("td", {}, el("span", { class: "part-state" }, STATES[part.state] ?? part.state), part.next_step && el("span", { class: "sub" }, part.next_step)),
    number(part.since ? age(ago(part.since)) : "–"), number(count(part.restarts), part.restarts ? "is-some" : null),
    number(lags.has(part.part) ? count(lags.get(part.part)) : ""), number(part.pid ?? "–"), number(part.ports.join(" ")))));
}

const number = (text, more) => el("td", { class: ["number", more].filter(Boolean).join(" ") }, String(text));

export function drawRates(rates) {
  redraw(byId("rates"), rates, () => rates.map((rate) => el("li", { title: rate.meaning, "data-rate": rate.name },
    el("span", { class: "rate-label" }, rate.label),
    el("span", { class: "rate-now" }, rate.per_s === null ? "–" : perSecond(rate.per_s), el("span", { class: "unit" }, "/s")),
    spark(rate.series),
    el("span", { class: "sub" }, `${count(rate.total)} in all`))));
}

const perSecond = (n) => (n === 0 ? "0" : n < 10 ? n.toFixed(1) : count(Math.round(n)));

function spark(series) {
  const most = Math.max(1, ...series.filter((n) => n !== null));
  const step = 150 / Math.max(1, series.length - 1);
  const points = series.map((n, i) => (n === null ? null : `${(150 - (series.length - 1 - i) * step).toFixed(1)},${(27 - (n / most) * 25).toFixed(1)}`)).filter(Boolean);
  return svg("svg", { class: "spark", viewBox: "0 0 150 28", preserveAspectRatio: "none", role: "img", "aria-label": `at most ${perSecond(most)} per second` },
    svg("line", { x1: 0, x2: 150, y1: 27.5, y2: 27.5 }), points.length > 1 && svg("polyline", { points: points.join(" ") }));
}

/** A group per line; its partitions unfold. */
export function drawLags(lag) {
  const groups = new Map();
  for (const one of lag) {
    const key = `${one.part}|${one.topic}`;
    if (!groups.has(key)) groups.set(key, { part: one.part, group: one.group, topic: one.topic, lag: 0, waiting_s: 0, isBehind: false, partitions: [] });
    const group = groups.get(key);
    group.lag += one.lag;
    group.waiting_s = Math.max(group.waiting_s, one.waiting_s);
    group.isBehind ||= one.is_behind;
    group.partitions.push(one);
  }
  const box = byId("lags");
  const told = [...groups.values()];
  const open = new Set([...box.querySelectorAll("details[open]")].map((one) => one.dataset.key));
  redraw(box, lag, () => told.length ? told.map((group) => {
    const key = `${group.part}|${group.topic}`;
    return el("details", { "data-key": key, open: open.has(key), class: group.isBehind ? "is-behind" : null },
      el("summary", {}, el("span", { class: "lag-part" }, group.part), el("span", { class: "lag-topic" }, group.topic.replace("radstream.", "")),
        el("span", { class: "lag-count" }, count(group.lag)), el("span", { class: "lag-wait" }, group.lag ? `oldest ≥ ${duration(group.waiting_s)}` : "up to date")),
      el("table", {}, el("thead", {}, el("tr", {}, ["Partition", "Done to", "End", "Lag", "Oldest"].map((head) => el("th", { scope: "col", class: "number" }, head)))),
        el("tbody", {}, group.partitions.map((one) => el("tr", {}, el("th", { scope: "row", class: "number" }, String(one.partition)), number(one.committed === null ? "–" : count(one.committed)), number(count(one.end)), number(count(one.lag)), number(one.lag ? `≥ ${duration(one.waiting_s)}` : ""))))));
  }) : el("p", { class: "empty" }, "Kafka has not said it yet."));
}

export function drawLetters(letters) {
  const link = byId("letters-open");
  setText(link, letters ? `${letters.open} open` : "");
  redraw(byId("letters"), letters, () => {
    if (!letters) return el("p", { class: "empty" }, "Not known: Kafka gives no answer.");
    const most = Math.max(1, ...letters.hours.map((hour) => hour.letters));
    const sum = letters.hours.reduce((all, hour) => all + hour.letters, 0);
    return [svg("svg", { class: "hours", viewBox: "0 0 240 60", preserveAspectRatio: "none", role: "img", "aria-label": `${sum} dead letters in the last 24 hours, ${letters.hours.at(-1).letters} in the last one` },
      svg("line", { x1: 0, x2: 240, y1: 59.5, y2: 59.5 }),
      ...letters.hours.map((hour, i) => svg("rect", { x: i * 10 + 1, width: 8, y: 59 - (hour.letters / most) * 55, height: (hour.letters / most) * 55 }, svg("title", {}, `${23 - i} h ago: ${hour.letters}`)))),
      el("p", { class: "fine" }, sum ? `${sum} in the last 24 hours, at most ${most} in one` : "None in the last 24 hours")];
  });
}

/** What forecasts, whether it still fits, and what an event costs. */
export function drawForecasts(said) {
  byId("forecasts-panel").hidden = !said;
  if (!said) return;
  const pair = (label, value) => el("div", {}, el("dt", {}, label), el("dd", {}, value));
  const by = said.version === null ? "nothing: there is no history" : said.version === "baseline" ? "medians of the last weeks" : `model ${said.version}`;
  const fits = said.is_drifted === null ? "not judged: no model, or too few outcomes" : said.is_drifted ? "unlike what was learned" : "like what was learned";
  redraw(byId("forecasts"), said, () => [pair("By", by), pair("Last week", fits),
    pair("Cost of an event", said.ms_per_exam === null ? "–" : `${said.ms_per_exam.toFixed(2)} ms of a processor`), pair("Exams forecast", count(said.exams_forecast))]);
}

export function drawOwn({ feed, exams, analytics_away_since }) {
  const pair = (label, value) => el("div", {}, el("dt", {}, label), el("dd", {}, value));
  const words = { live: "Live", stale: "Stale", connecting: "Connecting", loading: "Loading" };
  redraw(byId("own"), [feed.state, feed.reason, exams, analytics_away_since], () => [
    pair("Feed from Kafka", [words[feed.state] ?? feed.state, feed.reason].filter(Boolean).join(": ")), pair("Exams on the board", count(exams)),
    pair("ClickHouse", analytics_away_since ? `away since ${analytics_away_since.slice(11, 19)} UTC` : "answers")]);
}

export function drawSenders(senders) {
  redraw(byId("senders"), senders, () => (senders.length ? el("table", {},
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Sender"), el("th", { scope: "col", class: "number" }, "Repeated"), el("th", { scope: "col", class: "number" }, "Refused"))),
    el("tbody", {}, senders.map((one) => el("tr", {}, el("th", { scope: "row" }, one.sender === "|" ? "Unnamed" : one.sender), number(count(one.repeated)), number(count(one.rejected)))))) :
    el("p", { class: "empty" }, "Nobody repeated a message, and none was refused.")));
}

const RANK = { critical: 0, warning: 1, info: 2 };
const LEVEL = { critical: "Critical", warning: "Warning", info: "Note" };

export function drawNotices(notices, least) {
  const shown = notices.filter((notice) => RANK[notice.level] <= RANK[least]).slice(0, 60);
  setText(byId("notices-shown"), shown.length ? "the latest first, wall clock" : "");
  redraw(byId("notices"), shown, () => (shown.length ? shown.map((notice) => el("li", { "data-level": notice.level },
    el("time", { datetime: notice.at }, `${notice.at.slice(5, 10)} ${notice.at.slice(11, 19)}`),
    el("span", { class: "level" }, LEVEL[notice.level]), el("strong", {}, notice.part),
    el("span", { class: "said" }, `${notice.kind.replaceAll("_", " ")}${notice.times > 1 ? `, ${notice.times} times` : ""}${notice.detail ? ` (${notice.detail})` : ""}: ${notice.meaning} ${notice.next_step}`))) :
    el("li", { class: "empty" }, "Nothing.")));
}
