"""The views and the fold's states, made again from the log: compared, and mended where they differ."""
