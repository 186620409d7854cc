"""Programs that benchmarks run as peers, each in an environment of its own."""
