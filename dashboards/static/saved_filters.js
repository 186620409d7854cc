// Filters that someone gave a name to, kept by the browser.

import { byId, el } from "./dom.js";

const KEY = "radstream.worklist.filters";
const MOST_NAME = 60;

function read() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return Object.entries(found).filter(([, address]) => typeof address === "string");
  } catch {
    return []; // what cannot be read was not written by us
  }
}

const write = (pairs) => localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(pairs)));

export class SavedFilters {
  /** `address` gives what is to be saved, `use` takes what was. Hidden where the browser keeps nothing. */
  constructor({ address, use }) {
    this.use = use;
    this.root = byId("saved");
    this.list = byId("saved-list");
    this.none = byId("saved-none");
    const form = byId("saved-form");
    try {
      localStorage.getItem(KEY);
    } catch {
      this.root.hidden = true;
      return;
    }
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const name = form.elements.name.value.trim().slice(0, MOST_NAME);
      if (!name) return;
      write([...read().filter(([known]) => known !== name), [name, address()]]);
      form.reset();
      this.draw();
    });
    this.root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
    document.addEventListener("click", (event) => {
      if (!this.root.contains(event.target) && event.target.isConnected) this.root.open = false;
    });
    this.draw();
  }

  close() {
    this.root.open = false;
    this.root.querySelector("summary").focus();
  }

  draw() {
    const saved = read().sort(([a], [b]) => a.localeCompare(b));
    this.none.hidden = saved.length > 0;
    this.list.replaceChildren(...saved.map(([name, address]) => el("li", {},
      el("button", { type: "button", class: "use", on: { click: () => { this.close(); this.use(address); } } }, name),
      el("button", { type: "button", class: "drop", "aria-label": `Forget ${name}`, title: "Forget", on: { click: () => this.drop(name) } }, "✕"))));
  }

  drop(name) {
    write(read().filter(([known]) => known !== name));
    this.draw();
    this.root.querySelector("summary").focus();
  }
}
