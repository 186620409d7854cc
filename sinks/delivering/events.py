"""Events of the log for those who wait for some kinds of them only."""

from __future__ import annotations

from collections.abc import Collection

from schemas.codec import Codec
from schemas.errors import DecodeError
from schemas.events import EVENT_CLASSES, Event


class EventReader:
    """Looks at the type in the header first: most of the log needs no decoding."""

    def __init__(self, codec: Codec, kinds: Collection[type[Event]]) -> None:
        self._codec = codec
        self._kinds = frozenset(kinds)
        self._names = {cls.AVRO_NAME.encode() for cls in self._kinds}

    def read(self, kind: bytes | str | None, value: bytes | None) -> Event | None:
        """The event, where it is of one of the kinds; `kind` is the header ce_type.

        What cannot be decoded is the fold's to dead-letter.

        Raises RegistryUnavailable where the registry has to be asked and gives no answer.
        """
        if value is None or (kind is not None and kind not in self._names):
            return None
        try:
            record = self._codec.decode(value)
        except DecodeError:
            return None
        return record if isinstance(record, EVENT_CLASSES) and type(record) in self._kinds else None
