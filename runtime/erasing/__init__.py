"""Erasing a patient: planned, decided by two, done whatever dies meanwhile, searched for, certified."""
