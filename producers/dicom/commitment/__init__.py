"""Storage commitment (DICOM PS3.4 annex J)."""
