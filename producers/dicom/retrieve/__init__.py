"""C-MOVE and C-GET of Study Root (DICOM PS3.4 annex C)."""
