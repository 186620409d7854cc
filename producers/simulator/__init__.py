"""A seeded department of scanners and readers that speaks to the pipeline only over real sockets."""
