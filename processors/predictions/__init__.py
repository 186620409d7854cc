"""Forecasts of open exams: features, models, their calibration and their score. No I/O, no clock."""
