"""Consumer groups of the forecasts, apart from what needs their libraries."""

from __future__ import annotations

GROUP_ID = "radstream.predictions"
TURN_GROUP = "radstream.predictions.turn"
