"""The quality of what sources say: missing, late, repeated or contradictory; and whose clock is off."""
