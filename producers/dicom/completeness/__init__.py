"""When a series or a study is complete in the archive."""
