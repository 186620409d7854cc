"""Alerts to one destination over HTTP, and what is said of those that were given up."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import httpx

from schemas.cloudevents import CONTENT_TYPE as AVRO
from schemas.parts import Source
from schemas.phi import KeyRing
from schemas.sealed_letters import WEBHOOK, KafkaPlace, dead_letter_of
from schemas.topics import ALERTS
from schemas.views import AlertRow
from sinks.delivering.declared import Tls, tls_context
from sinks.delivering.errors import NoAnswer, NotReady, NotSendable, NotTaken, Refused, Unreachable
from sinks.delivering.job import AnyJob
from sinks.delivering.saying import Said
from sinks.webhook.destinations import WebhookDestination
from sinks.webhook.notice import CONTENT_TYPE, notice, notice_id
from sinks.webhook.signing import signed_headers

# What another try cannot mend (RFC 9110, 15.5): the request itself is wrong for whoever answers, or unwanted.
_REFUSALS = frozenset({400, 405, 410, 413, 415, 422})
_USER_AGENT = "radstream"


class HttpLine:
    """One connection to the destination, kept open between requests."""

    def __init__(self, destination: WebhookDestination, secret: bytes) -> None:
        self._destination = destination
        self._secret = secret
        self._client: httpx.AsyncClient | None = None

    async def send(self, job: AnyJob) -> None:
        """As Line has it: taken is what was answered 2xx. Redirects are not followed."""
        await self.post(job.event)

    async def post(self, row: AlertRow) -> str:
        """One request; the answer's status. Raises as `send`."""
        body = notice(row)
        headers = {"content-type": CONTENT_TYPE, "user-agent": _USER_AGENT}
        headers |= signed_headers(self._secret, notice_id(row), int(time.time()), body)
        try:
            status = await self._status(body, headers)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Unreachable(str(error) or type(error).__name__) from error
        except httpx.HTTPError as error:
            raise NoAnswer(f"NoAnswer {type(error).__name__}") from error
        if status in _REFUSALS:
            raise Refused(f"HTTP {status}", "refused for good")
        if not httpx.codes.is_success(status):
            raise NotTaken(f"HTTP {status}")
        return f"HTTP {status}"

    async def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            await self._client.aclose()

    async def _status(self, body: bytes, headers: dict[str, str]) -> int:
        client = self._client = self._client or self._new_client()
        # What is in the answer is not read: it is none of our business, and may be without an end.
        async with client.stream("POST", self._destination.url, content=body, headers=headers) as answer:
            return answer.status_code

    def _new_client(self) -> httpx.AsyncClient:
        try:
            verify = tls_context(self._destination.tls or Tls())
        except OSError as error:
            raise NotReady(f"the certificates cannot be read: {type(error).__name__}") from error
        return httpx.AsyncClient(
            verify=verify,
            timeout=self._destination.answer_timeout_s,
            follow_redirects=False,
            # A proxy of the environment is not what the file of destinations says.
            trust_env=False,
        )


class WebhookCarrier:
    """Carrier of one destination."""

    def __init__(
        self, destination: WebhookDestination, secret: bytes, ring: KeyRing, now: Callable[[], datetime]
    ) -> None:
        self._destination = destination
        self._secret = secret
        self._ring = ring
        self._now = now

    def line(self) -> HttpLine:
        """A connection."""
        return HttpLine(self._destination, self._secret)

    def counts(self) -> Mapping[str, int]:
        """Nothing of its own."""
        return {}

    def delivered(self, _job: AnyJob) -> Sequence[Said]:
        """The committed offset says it."""
        return []

    def given_up(self, job: AnyJob, error: NotSendable) -> Sequence[Said]:
        """The dead letter. Raises PhiError, OSError."""
        row: AlertRow = job.event
        name = self._destination.name
        letter = dead_letter_of(
            self._ring,
            identity=("dead-letter", WEBHOOK, name, notice_id(row)),
            origin=WEBHOOK,
            reason=error.reason,
            detail=f"alert {row.alert_id} {row.state}: {error.detail}, {job.attempts} attempts",
            recorded_at=self._now(),
            source=Source(system="radstream", facility=row.site, protocol="HTTP"),
            source_message_id=notice_id(row),
            content_type=AVRO,
            payload=job.value,
            place=KafkaPlace(topic=ALERTS, partition=job.partition, key=job.key),
            destination=name,
        )
        return [letter]
