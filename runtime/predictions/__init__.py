"""Forecasts on an installation: history to learn from, training, and the store of models."""
