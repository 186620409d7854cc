"""Modality Performed Procedure Step (DICOM PS3.4 annex F)."""
