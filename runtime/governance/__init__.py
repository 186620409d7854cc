"""Erasures, holds, retention: what was decided over data of patients, in the order in which it counts."""
