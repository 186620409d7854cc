// Forecasts in words: never a bare number.

import * as clock from "./clock.js";

const OLD_AFTER_S = 20 * 60;

/** The range that holds what comes four times in five. */
export const range = (from, until) => `${clock.at(Date.parse(from))} to ${clock.at(Date.parse(until))}`;

/** Whether a forecast was made too long ago to go by. */
export const isOld = (madeAt) => clock.ageOf(Date.parse(madeAt)) > OLD_AFTER_S;

/** A probability; near none and near sure are said as such. */
export function chance(probability = 0) {
  if (probability < 0.01) return "<1 %";
  return probability > 0.99 ? ">99 %" : `${Math.round(probability * 100)} %`;
}

/** Who made it, and where no model did, why. */
export const madeBy = (model, why = null) => (model === "baseline" ? `by what exams like it took in the last weeks${why ? `: ${why}` : ""}` : `by model ${model}`);
