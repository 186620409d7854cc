"""What is delivered, by whom and how often: the parts that a protocol brings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from schemas.events import Event
from schemas.views import AlertRow
from sinks.delivering.errors import NotSendable
from sinks.delivering.saying import Said

Record = TypeVar("Record", bound=Event | AlertRow)


class Receiver(Protocol):
    """A system that is sent to, and how patient we are with it; `start`: `now`, or `beginning`."""

    @property
    def name(self) -> str:
        """Of the file of destinations."""

    @property
    def group_id(self) -> str:
        """Its consumer group."""

    @property
    def start(self) -> str:
        """From where a new name begins to read the log."""

    @property
    def connections(self) -> int:
        """Deliveries that may be under way at a time."""

    @property
    def first_pause_s(self) -> float:
        """Pause after the first failure; doubled each time."""

    @property
    def longest_pause_s(self) -> float:
        """The doubling ends here."""

    @property
    def max_attempts(self) -> int:
        """Tries that the receiver saw, after which a job is given up."""

    @property
    def max_age_s(self) -> float:
        """How long a job is tried, the receiver being away included."""


@dataclass(frozen=True)  # no slots: a frozen generic with them cannot be made under an alias (Python 3.11)
class WantedOf(Generic[Record]):
    """One delivery that an event asks for. lane: those of one lane go out one after the other."""

    lane: str
    event: Record


@dataclass(slots=True, eq=False)
class JobOf(Generic[Record]):
    """One delivery on its way. `attempts`: how often it was sent; `last`: what came of the last try."""

    lane: str
    event: Record
    value: bytes
    key: bytes | None
    partition: int
    offset: int
    read_at_s: float
    attempts: int = 0
    last: str = ""

    @property
    def record_id(self) -> str:
        """Of the event; of an alert its own."""
        record: Event | AlertRow = self.event
        return record.alert_id if isinstance(record, AlertRow) else record.envelope.event_id


# What most sinks deliver.
Wanted = WantedOf[Event]
Job = JobOf[Event]
AnyJob = JobOf[Any]


Choose = Callable[[Sequence[tuple[bytes | str | None, bytes | None]]], list[Sequence[WantedOf[Any]]]]
"""By message, of header ce_type and value, what it asks for. Raises RegistryUnavailable, Unavailable."""


class Line(Protocol):
    """One way to the receiver; one job is on it at a time."""

    async def send(self, job: AnyJob) -> None:
        """Send, and wait until it is taken.

        Raises KeyDestroyed, NotSendable, Refused, Unreachable, NotTaken, NotReady; PhiError and OSError where
        the key ring is away.
        """

    async def close(self) -> None:
        """Hang up."""


class Carrier(Protocol):
    """Delivers to one receiver by its protocol, and knows what to say of it."""

    def line(self) -> Line:
        """A new way to it."""

    def counts(self) -> Mapping[str, int]:
        """Figures of the protocol, for the log."""

    def delivered(self, job: AnyJob) -> Sequence[Said]:
        """What is said of a job that was taken."""

    def given_up(self, job: AnyJob, error: NotSendable) -> Sequence[Said]:
        """What is said of one that was not. Raises PhiError, OSError."""
