// What is to be expected of one exam: each milestone to come with its range, its risk, and why.

import * as clock from "./clock.js";
import { byId, el } from "./dom.js";
import { chance, isOld, madeBy, range } from "./forecast_words.js";

const at = (instant) => clock.at(Date.parse(instant));

function item(one) {
  const late = one.breach_probability === null || one.due_at === null ? null
    : `${chance(one.breach_probability)} likely late: ${one.interval_label}, due ${at(one.due_at)}`;
  const why = one.reasons.length ? `Most by ${one.reasons.join(", ")}` : null;
  return el("li", { "data-old": String(isOld(one.made_at)) },
    el("span", { class: "milestone" }, one.label), el("b", {}, `≈ ${at(one.p50_at)}`), ` ${range(one.p10_at, one.p90_at)}`,
    late && el("span", { class: "sub" }, late),
    why && el("span", { class: "sub" }, why),
    one.fallback_reason && el("span", { class: "sub" }, `No model: ${one.fallback_reason}`));
}

/** `forecasts`: as the API has them. `isOpen`: whether something is still to come. */
export function showForecasts(forecasts = [], isOpen = false) {
  byId("forecast-panel").hidden = forecasts.length === 0 && !isOpen;
  if (!forecasts.length) {
    byId("forecasts").replaceChildren();
    byId("forecast-made").textContent = "Nothing is forecast of it: there is no history of exams like it to go by, nothing was to happen to it for a month, or forecasts are not made now, as the page Health would say.";
    return;
  }
  byId("forecasts").replaceChildren(...forecasts.map(item));
  const [first] = forecasts;
  const old = forecasts.some((one) => isOld(one.made_at));
  byId("forecast-made").textContent =
    `${old ? "Old: made" : "Made"} ${at(first.made_at)}, ${madeBy(first.model)}. The range holds what comes four times in five.`;
}
