"""What sinks that send to other systems share: the log read for each of them, lanes, tries, progress."""
