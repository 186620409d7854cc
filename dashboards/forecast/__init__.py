"""Forecasts as the page has them: what is to be expected, and what became of what was forecast."""
