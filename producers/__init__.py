"""The outside world to events: HL7 v2, DICOM, the simulated department."""
