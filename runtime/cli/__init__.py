"""The `radstream` command: one file per verb."""
