// What is about to miss its target, and what has: what can still be kept first.

import * as clock from "./clock.js";
import { byId, el, setText } from "./dom.js";
import { age, duration, examPath } from "./labels.js";
import { early, whose, why } from "./warning_words.js";

class AlertLine {
  constructor() {
    this.state = el("span", { class: "alert-state" });
    this.time = el("span", { class: "alert-time" });
    this.badge = el("span", { class: "badge" });
    this.what = el("span", { class: "alert-what" });
    this.interval = el("span", { class: "alert-interval" });
    this.accession = el("span", { class: "alert-accession" });
    this.why = el("span", { class: "alert-why" });
    this.link = el("a", {},
      el("span", { class: "alert-top" }, this.state, this.time, this.badge, this.accession),
      el("span", { class: "alert-foot" }, this.what, this.interval), this.why);
    this.node = el("li", {}, this.link);
  }

  set(alert) {
    this.dueMs = Date.parse(alert.due_at);
    this.node.dataset.state = alert.state;
    this.link.setAttribute("href", examPath(alert.exam_id));
    const likely = why(alert);
    setText(this.state, alert.state === "breached" ? "Late" : likely ? "Likely late," : "Due");
    const told = alert.state === "breached" ? early(alert) : likely;
    this.why.hidden = !told;
    setText(this.why, told ?? "");
    this.link.title = whose(alert) ?? "";
    this.badge.hidden = (alert.priority ?? "ROUTINE") === "ROUTINE";
    this.badge.dataset.priority = alert.priority ?? "ROUTINE";
    setText(this.badge, alert.priority ?? "");
    setText(this.what, [alert.modality, alert.procedure].filter(Boolean).join(" · ") || "–");
    setText(this.interval, alert.label);
    setText(this.accession, alert.accession ?? "no accession");
    this.tick();
  }

  tick() {
    const left = -clock.ageOf(this.dueMs);
    const isLate = this.node.dataset.state === "breached";
    setText(this.time, isLate ? `by ${age(Math.max(0, -left))}` : left > 0 ? `${this.why.hidden ? "" : "due "}in ${duration(left)}` : "now");
  }
}

export class AlertPanel {
  constructor() {
    this.lines = new Map();
    this.list = byId("alerts");
  }

  /** `found` as the stream has them: in the order in which they are shown. `wanted` tests each. */
  draw(found, wanted) {
    if (found) this.found = found;
    if (!this.found) return;
    const alerts = wanted ? this.found.alerts.filter(wanted) : this.found.alerts;
    // Only the first ones are here: of more, a filter can say no more than that.
    const isPart = this.found.warned + this.found.breached > this.found.alerts.length;
    const count = (state) => (wanted ? alerts.filter((one) => one.state === state).length : this.found[state]);
    this.show(alerts, count("warned"), count("breached"), wanted && isPart ? "at least " : "");
  }

  show(alerts, warned, breached, least) {
    const lines = new Map();
    for (const alert of alerts) {
      const line = this.lines.get(alert.alert_id) ?? new AlertLine();
      line.set(alert);
      lines.set(alert.alert_id, line);
    }
    this.lines = lines;
    this.list.replaceChildren(...[...lines.values()].map((line) => line.node));
    setText(byId("alerts-warned"), `${least}${warned} at risk`);
    setText(byId("alerts-breached"), `${least}${breached} late`);
    byId("alerts-warned").classList.toggle("is-none", warned === 0);
    byId("alerts-breached").classList.toggle("is-none", breached === 0);
    const left = warned + breached - alerts.length;
    byId("alerts-none").hidden = warned + breached > 0 && left === 0;
    setText(byId("alerts-none"), left ? `and ${left} more` : "Every target is kept.");
  }

  tick() {
    for (const line of this.lines.values()) line.tick();
  }
}
