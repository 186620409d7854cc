"""C-FIND of Study Root (DICOM PS3.4 annex C), and what every C-FIND shares."""
