"""Starting, supervising and stopping the parts of one data directory."""
