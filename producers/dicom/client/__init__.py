"""What we ask of other application entities."""
