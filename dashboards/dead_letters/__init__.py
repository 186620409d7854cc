"""What could not be processed: listed, shown, driven again, dismissed."""
