// The queues of the worklist as tabs, each with how many exams stand in it.

import { byId, el, setText } from "./dom.js";
import { matcher, QUEUES } from "./exam_filter.js";

export class QueueTabs {
  /** `choose` hears of the queue that was chosen. */
  constructor(root, choose) {
    this.choose = choose;
    this.tabs = QUEUES.map(({ id, label }) => {
      const count = el("b", { class: "tab-count" });
      const tab = el("button", { type: "button", role: "tab", id: `queue-${id}`, "aria-controls": "list", on: { click: () => choose(id) } }, label, " ", count);
      return { id, label, tab, count, exams: 0 };
    });
    root.append(...this.tabs.map(({ tab }) => tab));
    root.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = this.tabs.findIndex(({ tab }) => tab === document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    const next = this.tabs[(at + step + this.tabs.length) % this.tabs.length];
    this.choose(next.id);
    next.tab.focus();
  }

  /** Counts `exams` as the filter has it; returns what a listener ought to hear of. */
  draw(exams, filter, loaded) {
    const news = [];
    for (const one of this.tabs) {
      const chosen = one.id === filter.queue;
      const counted = loaded ? exams.filter(matcher({ ...filter, queue: one.id })).length : 0;
      if (one.id !== "all" && this.counted === JSON.stringify(filter) && counted > one.exams) news.push(`${counted} in ${one.label}`);
      one.exams = counted;
      setText(one.count, loaded ? String(counted) : "");
      one.tab.setAttribute("aria-selected", String(chosen));
      one.tab.tabIndex = chosen ? 0 : -1;
      one.tab.classList.toggle("is-waiting", one.id !== "all" && counted > 0);
      if (chosen) byId("list").setAttribute("aria-labelledby", one.tab.id);
    }
    this.counted = loaded ? JSON.stringify(filter) : null;
    return news.join(", ");
  }
}
