// The choices that a page filters by: a list each, of the values that there are, remembered in the address.

import { el } from "./dom.js";
import { CHOICES, NOTHING, readAddress, valuesOf, writeAddress } from "./exam_filter.js";
import { withInstant } from "./past.js";
import { actorLabel, DOUBT_NAMES, doubtLabel, FLAG_NAMES, flagLabel, patientClass, PRIORITIES, stageLabel, STAGES } from "./labels.js";

const ANY = { site: "Any site", modality: "Any modality", priority: "Any priority", class: "Any class", next: "Anyone next", flag: "Any flag" };
const LABEL = { site: "Site", modality: "Modality", priority: "Priority", class: "Patient class", next: "Next actor", flag: "Flag", stage: "Stage" };
const SAID = { class: patientClass, next: actorLabel };
const FIXED = {
  stage: [["open", "Open exams"], ["", "All stages"], ...STAGES.map((stage) => [stage.id, stageLabel(stage.id)])],
  flag: [
    ["", ANY.flag], ["late", "Late"], ["soon", "Due soon"],
    ...DOUBT_NAMES.map((name) => [name, doubtLabel(name)]), ...FLAG_NAMES.map((name) => [name, flagLabel(name)]),
  ],
  priority: [["", ANY.priority], ...PRIORITIES.map((name) => [name, name])],
};

const options = (pairs) => pairs.map(([value, label]) => el("option", { value }, label));

export class FilterBar {
  /** Lists for `names` in `root`; `changed` hears of each change. `value` is the filter, its text and queue among it. */
  constructor(root, names, changed) {
    this.names = names;
    this.changed = changed;
    this.value = readAddress(location.search);
    this.known = {};
    this.lists = Object.fromEntries(names.map((name) => [name, this.list(name)]));
    root.prepend(...Object.values(this.lists));
    this.offer([]);
  }

  list(name) {
    return el("select", { id: `filter-${name}`, "aria-label": LABEL[name], on: { input: (event) => this.set({ [name]: event.target.value }) } });
  }

  /** Lists the values that `exams` have. */
  offer(exams) {
    for (const name of this.names) {
      const chosen = this.value[name];
      const values = CHOICES.includes(name) && !FIXED[name] ? valuesOf(exams, name, chosen) : null;
      const signature = values ? values.join("\n") : "fixed";
      const list = this.lists[name];
      if (this.known[name] !== signature) {
        this.known[name] = signature;
        const said = SAID[name] ?? ((value) => value);
        list.replaceChildren(...options(FIXED[name] ?? [["", ANY[name]], ...values.map((value) => [value, said(value)])]));
      }
      if (list.value !== chosen) list.value = chosen;
      list.classList.toggle("is-set", chosen !== NOTHING[name]);
      // One site is no choice.
      list.hidden = name === "site" && values.length < 2 && !chosen;
    }
  }

  set(change) {
    this.value = { ...this.value, ...change };
    for (const name of this.names) {
      this.lists[name].value = this.value[name];
      this.lists[name].classList.toggle("is-set", this.value[name] !== NOTHING[name]);
    }
    this.changed(this.value);
  }

  get isSet() {
    return Object.keys(NOTHING).some((name) => this.value[name] !== NOTHING[name]);
  }

  clear() {
    this.set({ ...NOTHING });
  }
}

/** Puts the filter into the page's address, without a step in the history; `more` stands beside it. */
export function remember(filter, more) {
  const asked = String(withInstant(new URLSearchParams(writeAddress(filter, more))));
  history.replaceState(null, "", asked ? `?${asked}` : location.pathname);
}
