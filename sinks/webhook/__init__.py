"""Alerts to other systems by HTTP: one signed request each, tried again until it is taken."""
