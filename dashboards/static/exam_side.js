// What stands beside the timeline of one exam: its alerts, the versions of its report, its images.

import * as clock from "./clock.js";
import { byId, el, setText } from "./dom.js";
import { bytes, duration } from "./labels.js";
import { early, outcome, whose, why } from "./warning_words.js";

const at = (instant) => clock.at(Date.parse(instant), true);
const STATE = { warned: "◔ At risk", breached: "✕ Late", met: "✓ Kept after a warning", resolved: "● Ended, too late", open: "○ No longer at risk", withdrawn: "– No longer judged" };

export function showAlerts(alerts) {
  byId("alerts-panel").hidden = alerts.length === 0;
  byId("alerts").replaceChildren(...alerts.map((alert) =>
    el("li", { "data-state": alert.state },
      el("span", { class: "alert-verdict" }, STATE[alert.state] ?? alert.state), el("b", {}, alert.label),
      el("span", { class: "sub" }, [`target ${duration(alert.due_s)}, due ${at(alert.due_at)}`, alert.closed_at && `ended ${at(alert.closed_at)}`].filter(Boolean).join(" · ")),
      ...[why(alert), [early(alert), outcome(alert)].filter(Boolean).join(": "), whose(alert)].filter(Boolean).map((words) => el("span", { class: "sub" }, words)))));
}

export function showReports(reports) {
  byId("reports-panel").hidden = reports.length === 0;
  byId("reports").replaceChildren(...[...reports].reverse().map((report) => {
    const afterwards = ["delivered", "viewed", "acknowledged"].filter((what) => report[`${what}_at`]).map((what) => `${what} ${at(report[`${what}_at`])}`);
    const text = report.is_same_text === true ? "same text as the version before" : report.is_same_text === false ? "text changed" : null;
    return el("li", {},
      el("span", { class: "version" }, `v${report.version}`), el("b", {}, report.status), ` ${at(report.published_at)}`,
      el("span", { class: "sub" }, [report.reader && `by ${report.reader}`, text, report.sha256 && `SHA-256 ${report.sha256.slice(0, 12)}…`].filter(Boolean).join(" · ")),
      afterwards.length > 0 && el("span", { class: "sub" }, afterwards.join(" · ")));
  }));
}

const shown = new Map();

/** Each series once: a picture is asked for again only where there was none. */
export function showSeries(series, more, path, showsPictures) {
  byId("series-panel").hidden = series.length === 0;
  const count = series.reduce((sum, one) => sum + one.images, 0);
  setText(byId("series-shown"), series.length ? `${count} in ${series.length}${more ? "+" : ""} series` : "");
  byId("series").replaceChildren(...series.map((one) => {
    const name = [one.number !== null && `Series ${one.number}`, one.modality, one.body_part].filter(Boolean).join(" · ") || "Series";
    const facts = [`${one.images} image${one.images === 1 ? "" : "s"}`, bytes(one.size_bytes), one.stations.join(", ")].filter(Boolean).join(" · ");
    return el("li", {}, picture(one, path, name, showsPictures), el("span", { class: "words" }, el("b", {}, name), el("span", { class: "sub" }, facts)));
  }));
}

function picture(one, path, name, showsPictures) {
  const frame = shown.get(one.middle) ?? el("span", { class: "picture" });
  if (!shown.has(one.middle)) {
    shown.set(one.middle, frame);
    if (showsPictures) load(frame, `${path}/images/${encodeURIComponent(one.middle)}/picture`, name, one.middle);
    else frame.append(el("span", { class: "why" }, "No key ring: images stay closed"));
  }
  return frame;
}

async function load(frame, url, name, key) {
  try {
    const answer = await fetch(url);
    if (answer.ok) {
      const image = el("img", { alt: `Image from the middle of ${name}, without text`, width: 96, height: 96 });
      image.src = URL.createObjectURL(await answer.blob());
      frame.replaceChildren(image);
      return;
    }
    const { detail } = await answer.json();
    frame.replaceChildren(el("span", { class: "why", title: detail }, detail));
    if (answer.status === 503) shown.delete(key);
  } catch {
    shown.delete(key);
  }
}

export function showAccesses(accesses) {
  if (!accesses) return;
  const times = accesses.times;
  setText(byId("accesses"), times ? `Looked at or taken ${times} time${times === 1 ? "" : "s"}, last ${at(accesses.last_at)}: each is in the audit log.` : "Looking at pictures is noted in the audit log.");
}
