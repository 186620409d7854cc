// How the pipeline is: asked every two seconds, said at the top in one sentence with what to do.

import { byId, coded, el, setText } from "./dom.js";
import { drawForecasts, drawLags, drawLetters, drawNotices, drawOwn, drawParts, drawRates, drawSenders } from "./health_panels.js";
import { duration } from "./labels.js";
import { Link } from "./link.js";

const ASK_AGAIN_MS = 2000;
let last = null;
let heard = 0;
let tag = null;

async function ask() {
  try {
    const answer = await fetch("/api/health", { headers: tag ? { "If-None-Match": tag } : {} });
    if (answer.status !== 304) {
      const found = await answer.json();
      if (!answer.ok) return verdict("unknown", `Not known: ${found.detail ?? found.title}`, []);
      tag = answer.headers.get("ETag");
      last = found;
      draw();
    }
    heard = performance.now();
  } catch {
    verdict("down", "The dashboard server gives no answer.", ["`radstream status` says on its machine whether it runs; the supervisor starts it again by itself."]);
  } finally {
    setTimeout(ask, document.hidden ? 5 * ASK_AGAIN_MS : ASK_AGAIN_MS);
  }
}

function draw() {
  judge();
  drawParts(last);
  drawRates(last.rates);
  drawLags(last.lag);
  drawLetters(last.dead_letters);
  drawOwn(last.dashboard);
  drawSenders(last.senders);
  drawForecasts(last.forecasts);
  drawNotices(last.notices, byId("notices-level").value);
}

/** Everything that is wrong, the worst first. */
function judge() {
  const away = last.parts.filter((part) => !part.serves);
  const steps = away.map((part) => `${part.part} ${part.state === "starting" ? "is starting" : `is ${part.state}`}. ${part.without} ${part.next_step}`);
  if (last.kafka_fault) steps.unshift(`Kafka gives no answer: ${last.kafka_fault}. Lag and rates are those of before. Nothing is acknowledged meanwhile, so nothing is lost.`);
  if (last.dashboard.analytics_away_since && !away.some((part) => part.part === "clickhouse")) steps.push("ClickHouse gives no answer to the dashboard: see that it runs and can be reached.");
  const slow = slowest();
  if (slow) steps.push(slow);
  const doubtful = last.forecasts?.wrong ?? [];
  if (doubtful.length) steps.push(`${doubtful.join(" ")} ${last.forecasts.next_step}`);
  const down = away.filter((part) => part.state !== "starting");
  if (down.length || last.kafka_fault) verdict("down", down.length ? `${down.map((part) => part.part).join(", ")} ${down.length === 1 ? "does" : "do"} not serve` : "Kafka gives no answer", steps);
  else if (steps.length) verdict("slow", away.length ? `${away.map((part) => part.part).join(", ")} starting` : slow ? "Something is behind" : last.dashboard.analytics_away_since ? "Figures are not available" : "Forecasts need a look", steps);
  else verdict("well", last.is_supervised ? `All ${last.parts.length} parts serve; nothing is behind` : "Nothing is behind", []);
}

/** Of the consumers that are behind the one whose oldest message has waited longest. */
function slowest() {
  const worst = last.lag.reduce((found, one) => (one.is_behind && one.waiting_s > (found?.waiting_s ?? 0) ? one : found), null);
  return worst && `${worst.part} is behind: ${worst.lag} messages of ${worst.topic}, partition ${worst.partition}, the oldest for ${duration(worst.waiting_s)} or more. It catches up by itself while it serves; if the lag grows for minutes, its log says why.`;
}

function verdict(state, text, steps) {
  const box = byId("verdict");
  box.dataset.state = state;
  setText(box.querySelector(".text"), text);
  const list = byId("verdict-steps");
  const told = steps.join("\n");
  if (list.dataset.told !== told) {
    list.dataset.told = told;
    list.replaceChildren(...steps.map((step) => el("li", {}, coded(step))));
  }
}

setInterval(() => {
  if (!last) return;
  const age = (performance.now() - heard) / 1000;
  setText(byId("looked"), age < 6 ? "Looked at just now" : `Looked at ${duration(age)} ago`);
}, 1000);
byId("notices-level").addEventListener("change", () => last && drawNotices(last.notices, byId("notices-level").value));
new Link("/api/stream?exam=none", {});
ask();
