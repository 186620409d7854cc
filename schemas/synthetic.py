"""What marks invented data: every synthetic event names this facility as its sender's.

The live simulator's messages have it in MSH-4, and a history that was made has it in every event; so
`source_facility` tells the two kinds apart wherever an event is shown or kept.
"""

from __future__ import annotations

SYNTHETIC_FACILITY = "SYNTHETIC"
