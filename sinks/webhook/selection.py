"""Which rows of the topic a destination is told of."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.codec import Codec
from schemas.errors import DecodeError
from schemas.views import AlertRow
from sinks.delivering.job import WantedOf
from sinks.webhook.destinations import WebhookDestination


class Selection:
    """By the state; of one alert the next waits for the one before."""

    def __init__(self, destination: WebhookDestination, codec: Codec) -> None:
        self._states = destination.states
        self._codec = codec

    def choose(
        self, messages: Sequence[tuple[bytes | str | None, bytes | None]]
    ) -> list[Sequence[WantedOf[AlertRow]]]:
        """As Choose has it. Raises RegistryUnavailable."""
        return [self._wanted(value) for _, value in messages]

    def _wanted(self, value: bytes | None) -> Sequence[WantedOf[AlertRow]]:
        row = self.row_of(value)
        return [] if row is None or row.state not in self._states else [WantedOf(row.alert_id, row)]

    def row_of(self, value: bytes | None) -> AlertRow | None:
        """The row; None where the alert was taken out of the topic, or it is none."""
        if value is None:
            return None
        try:
            record = self._codec.decode(value)
        except DecodeError:
            return None
        return record if isinstance(record, AlertRow) else None
