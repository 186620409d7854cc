// How likely an exam will miss what is due next: a small bar, and the figure beside it.

import { el, setText } from "./dom.js";
import { chance } from "./forecast_words.js";

export const riskBar = () => [el("meter", { min: "0", max: "1", low: "0.2", high: "0.5", optimum: "0" }), el("span", {})];

/** Fills what riskBar made; a dash where nothing is forecast. */
export function showRisk(meter, words, exam) {
  const risk = exam.late_probability;
  meter.hidden = risk === undefined;
  meter.value = risk ?? 0;
  meter.setAttribute("aria-label", `${exam.accession ?? exam.exam_id}: ${chance(risk)} likely late`);
  setText(words, risk === undefined ? "–" : chance(risk));
}
