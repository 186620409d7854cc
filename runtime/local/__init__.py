"""The parts of the local stack, each a process that speaks the protocol of its production twin."""
