"""Evidence of one exam: its events with their proofs, and what checks them without radstream."""
