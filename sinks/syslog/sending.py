"""Accesses to one audit repository: rendered, counted, and sent until they have arrived."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence

from schemas.errors import KeyDestroyed, KeyNotFound, WrongKey
from schemas.events import AccessRecorded
from schemas.parts import Phi
from schemas.phi import KeyRing, open_sealed
from sinks.delivering.errors import NotSendable
from sinks.delivering.job import AnyJob
from sinks.delivering.saying import Said
from sinks.syslog.channel import SyslogChannel
from sinks.syslog.destinations import NAMES, SyslogDestination
from sinks.syslog.frame import frame
from sinks.syslog.message import AuditSource, audit_message


class SyslogLine:
    """One of those who send on the destination's channel; the last one that leaves hangs up."""

    def __init__(self, carrier: SyslogCarrier) -> None:
        self._carrier = carrier

    async def send(self, job: AnyJob) -> None:
        """As Line has it: returns when the message has arrived, and gives none up."""
        await self._carrier.channel.deliver(await asyncio.to_thread(self._carrier.frame_of, job.event))

    async def close(self) -> None:
        """Leave the channel."""
        await self._carrier.left()


class SyslogCarrier:
    """Carrier of one destination."""

    def __init__(self, destination: SyslogDestination, ring: KeyRing, host: str) -> None:
        """`host`: what messages call this machine."""
        self.channel = SyslogChannel(destination)
        self._destination = destination
        self._ring = ring
        self._source = AuditSource(audit_source_id=destination.audit_source_id, host=host)
        self._lines = 0

    def line(self) -> SyslogLine:
        """One more on the channel."""
        self._lines += 1
        return SyslogLine(self)

    async def left(self) -> None:
        """One less."""
        self._lines -= 1
        if not self._lines:
            await self.channel.close()

    def frame_of(self, event: AccessRecorded) -> bytes:
        """The message as it goes out. Raises PhiError, OSError where the key ring is away."""
        return frame(
            audit_message(event, self._source, self._phi(event)),
            outcome=event.outcome,
            at=event.envelope.occurred_at,
            host=self._source.host,
            app_name=self._destination.app_name,
            process_id=os.getpid(),
        )

    def _phi(self, event: AccessRecorded) -> Phi | None:
        """Who the patient is, where the repository may know and we can: erased patients are pseudonyms."""
        sealed = event.envelope.phi
        if sealed is None or self._destination.patients != NAMES:
            return None
        try:
            return open_sealed(self._ring, event.envelope.event_id, sealed)
        except (KeyDestroyed, KeyNotFound, WrongKey):
            return None

    def counts(self) -> Mapping[str, int]:
        """Calls that failed are counted by the channel; so are connections that broke."""
        return {"calls_failed": self.channel.unreachable, "connections_broken": self.channel.broken}

    def delivered(self, _job: AnyJob) -> Sequence[Said]:
        """The committed offset says it."""
        return []

    def given_up(self, job: AnyJob, error: NotSendable) -> Sequence[Said]:
        """Never asked for: an access that the repository does not have yet is sent again."""
        raise AssertionError(f"access {job.record_id} given up: {error.reason}")
