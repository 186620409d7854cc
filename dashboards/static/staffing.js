// Other staffing: what was measured, what the model makes of it, and of the change; side by side, to be judged.

import { byId, el, setText } from "./dom.js";
import { duration } from "./labels.js";
import { Refused, send } from "./send.js";

const form = byId("staffing");
const period = byId("asked");
const SIDES = [["measured", "measured"], ["present", "modelled"], ["changed", "changed"]];
const signed = (number) => (number > 0 ? `+${number}` : String(number));
const took = (seconds) => (seconds === null ? "–" : duration(seconds));
const percent = (share) => (share === null ? "–" : `${(share * 100).toFixed(1)} %`);

function question() {
  const asked = { scanners: form.elements.scanners.value.trim().toUpperCase(), readers: signed(Number(form.elements.readers.value) || 0), hours: `${form.elements.from_h.value}-${form.elements.to_h.value}` };
  for (const name of ["from", "to", "site"]) asked[name] = period.elements[name].value;
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value));
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = byId("model");
  button.disabled = true;
  setText(button, "Modelling …");
  try {
    show(await send("POST", "/api/what-if/staffing", question()));
    byId("staffing-mistake").hidden = true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    byId("staffing-mistake").hidden = false;
    setText(byId("staffing-mistake"), error.message);
  } finally {
    button.disabled = false;
    setText(button, "Model it");
  }
});

function show(found) {
  const scanners = (side) => Object.entries(found.scanners[side]).map(([code, units]) => `${code} ${units}`).join(", ");
  const said = `${found.modelled} of ${found.exams} exams have all that the model needs. Modelled: with the staffing that there was; changed: with the other. Scanners: ${scanners("present")}; changed: ${scanners("changed")}. Reader hours of a week: ${found.reader_hours.present}; changed: ${found.reader_hours.changed}.`;
  byId("staffing-answer").replaceChildren(
    el("p", { class: "legend" }, said),
    el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Other staffing" },
      el("table", {}, heads(),
        el("tbody", {}, found.rows.map(line)))));
}

function heads() {
  const above = ["Median", "p90", "Late"].map((figure) => el("th", { scope: "colgroup", colspan: 3, class: "group" }, figure));
  const below = above.flatMap(() => SIDES.map(([, label]) => el("th", { scope: "col", class: "number" }, label)));
  return el("thead", {}, el("tr", {}, el("th", { scope: "col", rowspan: 2 }, "Interval"), el("th", { scope: "col", rowspan: 2, class: "number" }, "Exams"), above), el("tr", {}, below));
}

function line(row) {
  const cells = [["p50_s", took], ["p90_s", took], ["late_share", percent]].flatMap(([figure, told]) =>
    SIDES.map(([side]) => el("td", { class: side === "changed" ? "number changed" : "number" }, told(row[`${side}_${figure}`]))));
  return el("tr", { class: row.by === "all" ? "is-all" : null, title: row.meaning },
    el("th", { scope: "row" }, row.by === "all" ? row.label : row.value), el("td", { class: "number" }, row.exams), cells);
}
