// What an exam's page offers to who may reconcile: to say where its images belong, or that they do not.

import { byId, el } from "./dom.js";
import { ReconcileDialog } from "./reconcile.js";

const DOUBTS = ["unmatched", "mismatch", "reused"];
// Who may not reconcile has no dialog on the page.
const dialog = byId("reconcile") ? new ReconcileDialog() : null;

const button = (label, act) => el("button", { type: "button", class: "reconcile-open", on: { click: act } }, label);

/** A button for an exam that someone has to look at; nothing for others. */
export function reconcileButton(exam) {
  if (!dialog || exam.reconciled_into) return null;
  if (!exam.doubts?.some((doubt) => DOUBTS.includes(doubt)) && !exam.reconciled_from_count) return null;
  return button("Reconcile…", () => dialog.open(exam));
}

/** A button for an exam whose images belong to another one. */
export function takeApartButton(exam) {
  return dialog && button("Take apart…", () => dialog.openApart(exam.exam_id, exam.reconciled_into));
}
