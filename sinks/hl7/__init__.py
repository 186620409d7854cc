"""The log to other systems: reports and order status over MLLP, in order per exam, until answered."""
