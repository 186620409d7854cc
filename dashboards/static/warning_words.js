// The warning of an alert in words: why it was raised, how early, and what became of it.

import * as clock from "./clock.js";
import { chance, madeBy, range } from "./forecast_words.js";
import { duration } from "./labels.js";

const at = (instant) => clock.at(Date.parse(instant));

/** Why: "72 % likely to miss 14:20; median 14:35 (14:05 to 15:20)"; null where no forecast raised it. */
export function why(alert) {
  if (alert.breach_probability === undefined) return null;
  return `${chance(alert.breach_probability)} likely to miss ${at(alert.due_at)}; median ${at(alert.p50_at)} (${range(alert.p10_at, alert.p90_at)})`;
}

/** What moved that forecast most, and who made it; null where there was none. */
export function whose(alert) {
  if (alert.breach_probability === undefined) return null;
  const most = alert.reasons?.length ? `Most by ${alert.reasons.join(", ")}; ` : "";
  return `${most}forecast ${at(alert.forecast_at)} ${madeBy(alert.warned_by)}`;
}

/** How early it was warned of: "warned 38 min before"; null while nobody needs to know. */
export function early(alert) {
  const isLate = alert.state === "breached" || alert.state === "resolved";
  if (!alert.warned_at) return isLate ? "not warned of" : null;
  const before = `warned ${duration(alert.warned_before_s)} before it was due`;
  if (!alert.taken_back_at) return before;
  return isLate ? `${before}, taken back ${at(alert.taken_back_at)}` : `${before}, then no longer likely late`;
}

/** What became of the warning; null where it is not known yet. */
export function outcome(alert) {
  if (!alert.warned_at || alert.warning_came_true === undefined) return null;
  return alert.warning_came_true ? "the warning came true" : "the warning did not come true";
}
