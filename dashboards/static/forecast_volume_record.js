// How right the forecasts of volume and backlog would have been, as a table.

import { el } from "./dom.js";
import { percent } from "./forecast_record.js";

// So far from what is promised a share is worth a warning. More than promised is usual: exams are whole.
const MOST_BELOW = 0.05;

export function recordTable(content, { rows, promised }) {
  if (!rows.length) {
    content.replaceChildren(el("p", { class: "empty" }, "Two weeks of history and two more are needed to judge it."));
    return;
  }
  const less = ({ loss, naive_loss: naive }) => {
    if (!naive) return "–";
    const share = 1 - loss / naive;
    return el("span", { class: share >= 0 ? "is-better" : "is-worse" }, `${percent(Math.abs(share))} ${share >= 0 ? "less" : "more"}`);
  };
  const title = "How right volume and backlog would have been";
  content.replaceChildren(el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": title },
    el("table", {},
      el("thead", {}, el("tr", {}, ["", "Hours judged", `Within the range, of ${percent(promised)}`, "Loss beside the last 8 weeks'"].map((head, i) => el("th", { scope: "col", class: i ? "number" : null }, head)))),
      el("tbody", {}, rows.map((row) => el("tr", {}, el("th", { scope: "row" }, row.label[0].toUpperCase() + row.label.slice(1)),
        el("td", { class: "number" }, String(row.hours)),
        el("td", { class: row.within < promised - MOST_BELOW ? "number miss" : "number" }, percent(row.within)),
        el("td", { class: "number" }, less(row))))))));
}
