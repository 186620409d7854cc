"""The image archive in the object store."""
