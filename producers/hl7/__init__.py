"""HL7 v2 over MLLP: from bytes to events, and the acknowledgement back."""
