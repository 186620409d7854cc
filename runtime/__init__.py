"""Composition root: settings, CLI, the local stack. Imports all, imported by none."""
