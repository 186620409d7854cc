"""What a code of a message stands for: the events that it says, in their order.

Every table of codes of the mapping is in `order_steps`, `report_steps` or `visit_steps`, and nowhere else.
`docs/hl7.md` shows the same tables; they are written from these by `python -m producers.hl7.tables`.
"""

from __future__ import annotations

from schemas.events import Event

Steps = tuple[type[Event], ...]
NOTHING: Steps = ()
