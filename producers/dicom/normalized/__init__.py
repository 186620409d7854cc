"""What services with N-CREATE, N-SET, N-ACTION share (DICOM PS3.7 section 10.1)."""
