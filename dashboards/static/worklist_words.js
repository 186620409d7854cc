// Why a worklist has no rows.

import { isPast } from "./past.js";

const OF_QUEUE = {
  unmatched: "No images wait for an order.",
  mismatch: "No exam has images of another patient, or an accession number of two.",
};

export function emptyText(loaded, all, queue = "all") {
  if (!loaded) return "Waiting for the worklist…";
  if (!all) return isPast ? "No exams at that instant." : "No exams yet. The first order that arrives appears here by itself.";
  return OF_QUEUE[queue] ?? "No exam fits these filters.";
}
