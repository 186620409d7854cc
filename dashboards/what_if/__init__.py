"""History judged by other targets: what would have been late."""
