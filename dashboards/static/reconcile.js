// The dialog that says where an exam's images belong: candidates, a question, the outcome, and the way back.

import { byId, el, setText } from "./dom.js";
import { examPath, patientName, stageLabel } from "./labels.js";
import { send } from "./send.js";

const REASON = { study: "same study", accession: "same accession", patient: "same patient", modality: "same modality" };

const apiPath = (id) => `/api${examPath(id)}/reconciliation`;
const nameOf = (exam) => exam.accession ?? exam.exam_id;
const about = (exam) => [exam.modality, exam.procedure, patientName(exam), exam.stage && stageLabel(exam.stage)].filter(Boolean).join(" · ");

export class ReconcileDialog {
  constructor() {
    this.dialog = byId("reconcile");
    this.subject = byId("reconcile-subject");
    this.list = byId("reconcile-candidates");
    this.none = byId("reconcile-none");
    this.joined = byId("reconcile-joined");
    this.joinedList = byId("reconcile-joined-list");
    this.other = byId("reconcile-other");
    this.ask = byId("reconcile-ask");
    this.outcome = byId("reconcile-outcome");
    this.problem = byId("reconcile-problem");
    byId("reconcile-choice").addEventListener("submit", (event) => {
      event.preventDefault();
      this.confirm();
    });
    byId("reconcile-find").addEventListener("click", () => this.find(this.other.value.trim()));
    this.other.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.find(this.other.value.trim());
    });
    for (const button of this.dialog.querySelectorAll("[data-close]")) button.addEventListener("click", () => this.dialog.close());
    byId("reconcile-back").addEventListener("click", () => this.step("choose"));
    byId("reconcile-yes").addEventListener("click", () => this.act());
    byId("reconcile-undo").addEventListener("click", () => this.act({ ...this.asked, undo: true }));
  }

  /** Opens for `exam`, a card of the stream. */
  open(exam) {
    this.exam = exam;
    setText(this.subject, [nameOf(exam), about(exam)].filter(Boolean).join(" · "));
    this.other.value = "";
    this.step("choose");
    this.dialog.showModal();
    this.find("");
  }

  /** Opens to say that the images of `from` do not belong to `into`, both exam_ids. */
  openApart(from, into) {
    this.open({ exam_id: into });
    this.takeApart(from);
  }

  /** choose, ask or done: what of the dialog is seen. */
  step(name) {
    this.dialog.dataset.step = name;
    this.complain("");
    this.dialog.querySelector(`div > [data-step="${name}"] [data-first]`)?.focus();
  }

  complain(text) {
    this.problem.hidden = !text;
    setText(this.problem, text);
  }

  async find(text) {
    const exam = this.exam;
    this.complain("");
    this.list.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(`${apiPath(exam.exam_id)}${text ? `?q=${encodeURIComponent(text)}` : ""}`);
      const found = await answer.json();
      if (exam !== this.exam) return;
      if (answer.ok) this.show(found, text);
      else this.complain(found.detail);
    } catch {
      this.complain("The server gives no answer. Try again.");
    } finally {
      this.list.removeAttribute("aria-busy");
    }
  }

  show({ candidates, joined, complete }, text) {
    this.candidates = new Map(candidates.map((one) => [one.exam_id, one]));
    this.list.replaceChildren(...candidates.map((one, place) => el("li", {}, el("label", {},
      el("input", { type: "radio", name: "into", value: one.exam_id, required: true, checked: place === 0 && one.reasons.length > 1 }),
      el("span", { class: "candidate" },
        el("b", {}, nameOf(one)), el("span", { class: "candidate-about" }, about(one)),
        el("span", { class: "fine" }, one.reasons.map((reason) => REASON[reason] ?? reason).join(", ")))))));
    this.none.hidden = candidates.length > 0;
    const where = complete ? "" : " ClickHouse is away: only the exams on the board were looked at.";
    setText(this.none, (text ? `No exam has the accession number or id ${text}.` : "No exam of this patient, study or accession number is known: name one below.") + where);
    this.joined.hidden = !joined.length;
    this.joinedList.replaceChildren(...joined.map((id) => el("li", {}, el("span", {}, id), " ",
      el("button", { type: "button", on: { click: () => this.takeApart(id) } }, "Take apart…"))));
  }

  /** Asks before anything is said: what belongs where. */
  confirm() {
    const into = new FormData(byId("reconcile-choice")).get("into");
    if (!into) return;
    this.asked = { from: this.exam.exam_id, into, undo: false };
    setText(this.ask, `The images of ${nameOf(this.exam)} belong to ${nameOf(this.candidates.get(into))} (${about(this.candidates.get(into))})?`);
    this.step("ask");
  }

  takeApart(from) {
    this.asked = { from, into: this.exam.exam_id, undo: true };
    setText(this.ask, `The images of ${from} do not belong to ${nameOf(this.exam)}: they stand on their own again?`);
    this.step("ask");
  }

  /** Says it. Who cannot be sure that it was said is told so, and may say it again. */
  async act(asked = this.asked) {
    this.asked = asked;
    const { from, into, undo } = asked;
    this.busy(true);
    try {
      await send("POST", apiPath(from), { into, undo });
      setText(this.outcome, undo ? `Said: the images of ${from} stand on their own again.` : `Said: the images of ${from} belong to ${into}.`);
      byId("reconcile-undo").hidden = undo;
      this.step("done");
    } catch (refused) {
      this.complain(refused.message);
    } finally {
      this.busy(false);
    }
  }

  busy(is) {
    for (const id of ["reconcile-yes", "reconcile-undo"]) byId(id).disabled = is;
  }
}
