"""The reconciler: which study belongs to which order, and which exams a merge of patients concerns."""
