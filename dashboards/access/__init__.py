"""Who reads, and what each may see and do."""
