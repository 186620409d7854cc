"""How long each queue stands, when it will clear, and when with other staffing."""
