"""C-STORE: from a received data set to an entry of the spool."""
