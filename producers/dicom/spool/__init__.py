"""The spool: what was acknowledged and is not archived yet, on disk."""
