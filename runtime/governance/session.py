"""What every step of an erasure works with, opened once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from clickhouse_connect.driver.client import Client

from producers.publishing import EventPublisher
from runtime.analytics import analytics_client
from runtime.governance.reading import read_register
from runtime.governance.register import Register
from runtime.installation import Installation
from runtime.saying import publisher_of
from schemas.codec import Codec
from schemas.events import Event
from schemas.identity import pseudonym
from schemas.keyring_config import open_key_ring
from schemas.phi import KeyRing
from schemas.registry import connect_codec


@dataclass(frozen=True, slots=True)
class Session:
    """The parts of one installation."""

    installation: Installation
    codec: Codec
    ring: KeyRing
    client: Client
    publisher: EventPublisher

    def say(self, *events: Event) -> None:
        """Return when Kafka has them. Raises PublishFailed."""
        self.publisher.publish(events)

    def register(self) -> Register:
        """What was decided so far. Raises TopicUnreadable."""
        return read_register(self.installation, self.codec)

    def pseudonyms(self, *names: str) -> Sequence[str]:
        """How the log names users."""
        secret = self.installation.secret_key("site_secret")
        return [pseudonym(secret, "operator", name) for name in names]


def wall_now() -> datetime:
    """The wall clock's present, UTC: what people decide has no department's time."""
    return datetime.now(UTC)


@contextmanager
def opened(installation: Installation) -> Iterator[Session]:
    """Raises SchemaError, StackError, ValueError, ClickHouse's own errors."""
    codec = connect_codec(installation.registry_url)
    ring = open_key_ring(installation.key_ring_config())
    with (
        closing(analytics_client(installation)) as client,
        publisher_of(installation, "radstream-governance") as publisher,
    ):
        yield Session(installation, codec, ring, client, publisher)
