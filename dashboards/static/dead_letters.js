// Dead letters: listed, shown, driven again, dismissed; one, or all that the filter takes.

import { confirmed, showLetter } from "./dead_letter_dialogs.js";
import * as clock from "./clock.js";
import { byId, el, setText } from "./dom.js";
import { send } from "./send.js";

const ASK_AGAIN_MS = 5000;
const RUN_MS = 700;
const LABELS = { open: "Open", retried: "Open, failed again", resolved: "Resolved", dismissed: "Dismissed" };
const DONE = { retry: "driven again", dismiss: "dismissed" };
const rows = byId("letters-rows");
const fields = { state: byId("letters-state"), origin: byId("letters-origin"), reason: byId("letters-reason"), q: byId("letters-text") };
/** What came of an action on this page, by letter. */
const outcomes = new Map();
let asking = 0;
let tag = null;
let cursor = null;
let total = 0;
let pages = 1;

const asked = () => new URLSearchParams(Object.entries(fields).map(([name, field]) => [name, field.value]).filter(([, value]) => value));

async function refresh() {
  asking += 1;
  const mine = asking;
  const question = asked();
  question.set("limit", String(50 * pages));
  try {
    const answer = await fetch(`/api/deadletters?${question}`, { headers: tag ? { "If-None-Match": tag } : {} });
    if (answer.status === 304) return;
    const found = await answer.json();
    if (mine !== asking) return; // Something else was asked for meanwhile.
    if (!answer.ok) return none(found.detail);
    tag = answer.headers.get("ETag");
    draw(found);
  } catch {
    // The server is away: the header says so.
  }
}

function draw(found) {
  total = found.total;
  cursor = found.next_cursor;
  const open = found.totals.open + found.totals.retried;
  setText(byId("letters-shown"), `${open} open · ${found.totals.resolved} resolved · ${found.totals.dismissed} dismissed`);
  choose(fields.origin, "Every origin", found.origins);
  choose(fields.reason, "Every reason", found.reasons);
  const focused = document.activeElement?.closest?.("#letters-rows button")?.dataset.key;
  rows.replaceChildren(...found.items.map(line));
  if (focused) rows.querySelector(`button[data-key="${CSS.escape(focused)}"]`)?.focus();
  none(found.items.length ? "" : fields.state.value === "open" ? "No dead letter is open." : "No such dead letter.");
  byId("letters-more").hidden = !cursor;
  buttons();
}

function buttons() {
  const can = total > 0 && ["open", "retried"].includes(fields.state.value) && byId("letters-run").dataset.state !== "running";
  for (const [id, verb] of [["letters-retry", "Retry"], ["letters-dismiss", "Dismiss"]]) {
    byId(id).disabled = !can || fields.state.value !== "open";
    setText(byId(id), byId(id).disabled ? `${verb} all of these` : total === 1 ? `${verb} this one` : `${verb} all ${total}`);
  }
}

function choose(select, every, values) {
  const chosen = select.value;
  const options = [...new Set([...values, chosen].filter(Boolean))];
  if (select.dataset.options === options.join("\n")) return;
  select.dataset.options = options.join("\n");
  select.replaceChildren(el("option", { value: "" }, every), ...options.map((value) => el("option", { value }, value)));
  select.value = chosen;
}

function none(text) {
  byId("letters-none").hidden = !text;
  setText(byId("letters-none"), text);
}

function line(letter) {
  const id = letter.dead_letter_id;
  const outcome = outcomes.get(id);
  const isOpen = letter.state === "open" || letter.state === "retried";
  const act = (name, label) => el("button", {
    type: "button", "data-key": `${id}-${name}`, "aria-label": `${label} ${letter.reason} of ${sender(letter)}`,
    on: { click: () => one(name, letter) },
  }, label);
  return el("tr", { "data-letter": id, "data-state": letter.state },
    el("td", {}, el("button", { type: "button", class: "as-link", "data-key": `${id}-show`, on: { click: () => showLetter(id) }, "aria-label": `Details of the letter of ${clock.at(Date.parse(letter.recorded_at))}` }, clock.at(Date.parse(letter.recorded_at)))),
    el("td", {}, letter.origin, letter.destination && el("span", { class: "sub" }, `to ${letter.destination}`)),
    el("td", { class: "why" }, el("strong", {}, letter.reason), el("span", { class: "sub" }, letter.detail)),
    el("td", {}, sender(letter), letter.source_message_id && el("span", { class: "sub" }, letter.source_message_id)),
    el("td", {}, el("span", { class: "letter-state" }, LABELS[letter.state]), letter.count > 1 && el("span", { class: "sub" }, `${letter.count} times`), closed(letter)),
    el("td", { class: "acts" }, isOpen && letter.is_whole && act("retry", "Retry"), (letter.state === "dismissed") && act("retry", "Retry"), isOpen && act("dismiss", "Dismiss"),
      isOpen && !letter.is_whole && el("span", { class: "sub" }, "Only its beginning was kept: ask the sender to send it again."),
      outcome && el("span", { class: `outcome ${outcome.taken ? "is-taken" : "is-refused"}` }, outcome.text)));
}

const sender = (letter) => [letter.system, letter.facility].filter(Boolean).join(" · ") || letter.protocol || "unknown";
const closed = (letter) => letter.resolution && el("span", { class: "sub" }, [letter.resolution, letter.answer, letter.resolved_by && `by ${letter.resolved_by}`].filter(Boolean).join(", "));

async function one(action, letter) {
  if (action === "dismiss" && !(await confirmed(`Dismiss this dead letter? Nobody will be reminded of it; it is kept, and can be driven again.`, "Dismiss"))) return;
  note(letter, { taken: true, text: action === "retry" ? "Being driven again…" : "Being dismissed…" });
  try {
    const found = await send("POST", `/api/deadletters/${letter.dead_letter_id}/${action}`);
    note(letter, { taken: found.taken, text: found.taken ? `Taken: ${[found.resolution, found.answer].filter(Boolean).join(", ")}` : `Not taken: ${found.why_not}` });
  } catch (refused) {
    note(letter, { taken: false, text: refused.message });
  }
}

/** What came of it stands in its line, and above the list: the line may leave it. */
function note(letter, outcome) {
  outcomes.set(letter.dead_letter_id, outcome);
  byId("letters-last").hidden = false;
  setText(byId("letters-last"), `${letter.reason} of ${sender(letter)}${letter.source_message_id ? `, ${letter.source_message_id}` : ""}: ${outcome.text}`);
  tag = null;
  refresh();
}

async function all(action) {
  const verb = action === "retry" ? "Retry" : "Dismiss";
  if (!(await confirmed(`${verb} ${total === 1 ? "this dead letter" : `these ${total} dead letters`}?`, `${verb} ${total}`))) return;
  const { origin, reason, q } = Object.fromEntries(asked());
  try {
    follow(await send("POST", "/api/deadletters/runs", { action, origin, reason, q }));
  } catch (refused) {
    runText(refused.message, "stopped");
  }
}

function runText(text, state) {
  byId("letters-run").hidden = false;
  byId("letters-run").dataset.state = state;
  setText(byId("letters-run-text"), text);
  buttons();
}

async function follow(run) {
  const done = run.taken + run.refused;
  byId("letters-progress").max = Math.max(1, run.total);
  byId("letters-progress").value = done;
  const refused = run.results.filter((one) => !one.taken);
  byId("letters-run-results").replaceChildren(...refused.slice(0, 20).map((one) => el("li", {}, el("code", {}, one.dead_letter_id.slice(0, 8)), ` ${one.why_not}`)));
  runText(`${done} of ${run.total}: ${run.taken} ${DONE[run.action]}, ${run.refused} not taken.${run.stopped ? ` It stopped: ${run.stopped}.` : ""}`, run.state);
  tag = null;
  refresh();
  if (run.state !== "running") return;
  await new Promise((later) => setTimeout(later, RUN_MS));
  try {
    const answer = await fetch(`/api/deadletters/runs/${run.run_id}`);
    if (answer.ok) return follow(await answer.json());
    runText("The dashboard was started again: what it had not driven is still open.", "stopped");
  } catch {
    setTimeout(() => follow(run), RUN_MS);
  }
}

for (const field of Object.values(fields)) field.addEventListener("input", () => { tag = null; pages = 1; refresh(); });
byId("letters-more").addEventListener("click", () => { pages = Math.min(10, pages + 1); tag = null; refresh(); });
byId("letters-retry").addEventListener("click", () => all("retry"));
byId("letters-dismiss").addEventListener("click", () => all("dismiss"));
const address = new URLSearchParams(location.search);
for (const name of ["state", "origin", "reason"]) {
  const value = address.get(name);
  if (!value || location.pathname !== "/deadletters") continue;
  if (![...fields[name].options].some((option) => option.value === value)) fields[name].append(el("option", { value }, value));
  fields[name].value = value;
}
refresh();
setInterval(() => { if (!document.hidden) refresh(); }, ASK_AGAIN_MS);
