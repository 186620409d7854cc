// The worklist: every open exam, as the stream has it; what is chosen stands in the address.

import { byId, el, setText } from "./dom.js";
import { countSet, isPassing, matcher, NOTHING, readAddress, writeAddress } from "./exam_filter.js";
import { Exams } from "./exams.js";
import { FilterBar, remember } from "./filter_bar.js";
import { Link } from "./link.js";
import { isPast } from "./past.js";
import { showPast } from "./past_worklist.js";
import { QueueTabs } from "./queue_tabs.js";
import { ReconcileDialog } from "./reconcile.js";
import { SavedFilters } from "./saved_filters.js";
import { emptyText } from "./worklist_words.js";
import { columnsOf } from "./worklist_columns.js";
import { WorklistTable } from "./worklist_table.js";

const COLUMNS = columnsOf(
  "priority", "due", "risk", "expected", "stage", "age", "next", "modality", "study", "patient", "marks", "accession", "location", "class",
  "site", "ordered", "images");
const PHONE = "(max-width: 720px)";
const PASSING_EVERY_MS = 5000;
const SORT = { sort: "priority", down: "" };

const exams = new Exams({ draw });
const search = byId("filter-text");
const said = byId("said");
const filters = new FilterBar(byId("filters"), ["site", "modality", "priority", "class", "stage", "next", "flag"], chosen);
const tabs = new QueueTabs(byId("queues"), (queue) => filters.set({ queue }));
// Who may not reconcile has no dialog on the page.
const reconciling = byId("reconcile") ? new ReconcileDialog() : null;
const table = new WorklistTable(byId("scroll"), COLUMNS, {
  sort: sortOf(location.search), sorted: () => chosen(), action: reconciling && reconcileButton,
});
new SavedFilters({ address, use });

function reconcileButton(exam) {
  const label = ["unmatched", "mismatch", "reused"].some((doubt) => exam.doubts?.includes(doubt)) ? "Reconcile…" : exam.flags?.includes("reconciled") ? "Take apart…" : "";
  if (!label) return null;
  const name = exam.accession ?? exam.exam_id;
  return el("button", { type: "button", "aria-label": `${label} ${name}`, on: { click: () => reconciling.open(exams.byId.get(exam.exam_id) ?? exam) } }, label);
}

function sortOf(address) {
  const asked = new URLSearchParams(address);
  const known = COLUMNS.some((column) => column.id === asked.get("sort"));
  return { id: known ? asked.get("sort") : SORT.sort, direction: asked.has("down") ? -1 : 1 };
}

function sortInAddress() {
  const { id, direction } = table.sort;
  return { ...(id === SORT.sort ? {} : { sort: id }), ...(direction < 0 ? { down: "1" } : {}) };
}

function address() {
  return writeAddress(filters.value, sortInAddress());
}

/** Takes a saved filter as it was saved. */
function use(saved) {
  table.sort = sortOf(saved);
  filters.set(readAddress(saved));
}

/** Something was chosen: shows it, keeps it in the address, and says how many exams there are. */
function chosen() {
  remember(filters.value, sortInAddress());
  table.scroll.scrollTop = 0;
  draw();
  if (exams.loaded) setText(said, `${table.found.length} exams shown`);
}

function draw() {
  const all = [...exams.byId.values()];
  const filter = filters.value;
  filters.offer(all);
  if (search.value !== filter.text && document.activeElement !== search) search.value = filter.text;
  const news = tabs.draw(all, filter, exams.loaded);
  if (news) setText(said, news);
  const found = all.filter(matcher(filter));
  table.show(found, emptyText(exams.loaded, all.length, filter.queue));
  setText(byId("shown"), exams.loaded ? `${found.length} of ${all.length}` : "");
  byId("list").dataset.queue = filter.queue;
  byId("filter-clear").hidden = !filters.isSet;
  const set = countSet(filter);
  setText(byId("filter-count"), set ? ` (${set})` : "");
}

function clear() {
  search.value = "";
  filters.set({ ...NOTHING, queue: filters.value.queue });
}

const KEYS = {
  "/": () => search.focus(),
  j: () => table.move(1),
  k: () => table.move(-1),
  ArrowDown: () => table.move(1),
  ArrowUp: () => table.move(-1),
  r: () => reconciling && table.current >= 0 && reconciling.open(table.found[table.current]),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const typing = event.target.closest("input, select, textarea");
  if (event.key === "Escape") {
    if (typing) search.blur();
    clear();
  } else if (event.target === search && event.key === "Enter") table.move(1);
  else if (!typing && KEYS[event.key] && !(event.key.startsWith("Arrow") && !table.scroll.contains(event.target))) {
    event.preventDefault();
    KEYS[event.key]();
  }
});
search.value = filters.value.text;
byId("filter-fold").open = !matchMedia(PHONE).matches;
search.addEventListener("input", () => filters.set({ text: search.value }));
byId("filter-clear").addEventListener("click", clear);

new Link("/api/stream", exams.handlers());
if (isPast) showPast(exams);
setInterval(() => table.tick(), 1000);
setInterval(() => isPassing(filters.value) && draw(), PASSING_EVERY_MS);
draw();
