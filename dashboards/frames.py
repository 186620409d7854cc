"""Server-sent events, each made and encoded once for all readers who are as far as each other."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import orjson

from dashboards.cards import Json

# A name is taken out of what is sent within seconds of an erasure: nothing older is sent again.
_LASTS_S = 1.0
_REMEMBERED = 16

Place = tuple[str, int, int]
"""What a frame is for: the life and kind of board, the revision before it, and the one after it."""


@dataclass(frozen=True)  # no slots: its encoding is kept
class Frame:
    """One server-sent event. `event_id` is what the reader comes back with; None leaves it as it was."""

    event: str
    data: Json
    event_id: str | None = None

    @cached_property
    def encoded(self) -> bytes:
        """As it goes over the wire (WHATWG HTML, section 9.2.5); JSON has no line breaks."""
        line = b"" if self.event_id is None else b"id: %b\n" % self.event_id.encode()
        return b"%bevent: %b\ndata: %b\n\n" % (line, self.event.encode(), orjson.dumps(self.data))


class SharedFrames:
    """The last frames. One event loop owns them."""

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        """`monotonic_s`: seconds of a clock that only goes on."""
        self._monotonic_s = monotonic_s
        self._known: OrderedDict[Place, tuple[float, Frame | None]] = OrderedDict()

    def get(self, place: Place, make: Callable[[], Frame | None]) -> Frame | None:
        """The frame for `place`, made where nobody else was there within the last second."""
        found = self._known.get(place)
        if found is not None and self._monotonic_s() - found[0] < _LASTS_S:
            return found[1]
        made = make()
        self._known[place] = (self._monotonic_s(), made)
        self._known.move_to_end(place)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return made
