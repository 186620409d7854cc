// Targets that can be edited: one line each, in the order in which they count; and as TOML.

import { el } from "./dom.js";
import { patientClass } from "./labels.js";

const SELECTORS = ["modality", "priority", "patient_class", "site"];

/** A table of TOML on one line. */
const inline = (table) => `{ ${Object.entries(table).map(([name, value]) => `${name} = ${JSON.stringify(value)}`).join(", ")} }`;

/** The lines of the list `root`; `changed` is called after every change. */
export class TargetLines {
  constructor(root, changed) {
    this.root = root;
    this.changed = changed;
    this.known = { intervals: [], priorities: [], patient_classes: [], modalities: [], sites: [] };
    root.addEventListener("input", (event) => {
      event.target.closest(".target").classList.add("is-changed");
      changed();
    });
  }

  /** What a target may say. */
  offer(known) {
    this.known = { ...this.known, ...known };
  }

  /** Shows `targets` in the place of what was there. */
  show(targets) {
    this.root.replaceChildren(...targets.map((target) => this.line(target)));
  }

  /** One more, at the end, with the focus in it. */
  add() {
    const line = this.line({ interval: this.known.intervals[0]?.interval ?? "", due_min: 60 });
    line.classList.add("is-changed");
    this.root.append(line);
    line.querySelector("select").focus();
    this.changed();
  }

  line(target) {
    const choice = (name, label, values, text = (value) => value) => {
      const offered = [...new Set([...values, target[name]].filter(Boolean))];
      const select = el("select", { name }, el("option", { value: "" }, "all"), offered.map((value) => el("option", { value }, text(value))));
      select.value = target[name] ?? "";
      return el("label", {}, el("span", { class: "name" }, label), select);
    };
    const interval = el("select", { name: "interval" }, this.known.intervals.map((one) => el("option", { value: one.interval, title: one.meaning }, one.label)));
    interval.value = target.interval;
    const minutes = el("input", { name: "due_min", type: "number", min: 1, step: "any", inputmode: "decimal", value: target.due_min });
    const line = el("li", { class: "target", "data-warn": target.warn_before_min ?? "", "data-warning": target.warning ? inline(target.warning) : "" },
      el("label", { class: "of-interval" }, el("span", { class: "name" }, "Interval"), interval),
      choice("modality", "Modality", this.known.modalities), choice("priority", "Priority", this.known.priorities),
      choice("patient_class", "Class", this.known.patient_classes, patientClass), choice("site", "Site", this.known.sites),
      el("label", {}, el("span", { class: "name" }, "Minutes"), minutes));
    const button = (sign, label, act) => el("button", { type: "button", "aria-label": label, title: label, on: { click: () => { act(); this.changed(); } } }, sign);
    line.append(el("span", { class: "deeds" },
      button("↑", "Before the one above", () => line.previousElementSibling?.before(line)),
      button("×", "Take this target away", () => line.remove())));
    return line;
  }

  /** What the lines say, as the file of targets has it (docs/alerts.md). */
  toml() {
    const tables = [...this.root.children].map((line) => {
      const said = (name) => line.querySelector(`[name="${name}"]`).value;
      const due = Number(said("due_min")) || 0;
      const warn = Number(line.dataset.warn);
      const words = ["interval", ...SELECTORS].filter((name) => said(name)).map((name) => `${name} = ${JSON.stringify(said(name))}`);
      const warned = line.dataset.warn !== "" && warn < due ? [`warn_before_min = ${warn}`] : [];
      const warning = line.dataset.warning ? [`warning = ${line.dataset.warning}`] : [];
      return ["[[target]]", ...words, `due_min = ${due}`, ...warned, ...warning].join("\n");
    });
    return tables.length ? `${tables.join("\n\n")}\n` : "target = []\n";
  }
}
