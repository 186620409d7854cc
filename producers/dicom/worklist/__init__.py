"""Modality Worklist (DICOM PS3.4 annex K)."""
