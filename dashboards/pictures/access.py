"""Who looked at images: in the audit topic before the first picture goes out."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from threading import Lock
from uuid import uuid4

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from dashboards.pictures.errors import NotAvailable
from schemas.cloudevents import headers
from schemas.codec import Codec
from schemas.errors import SchemaError
from schemas.events import AccessRecorded
from schemas.identity import event_id
from schemas.parts import Envelope, Source
from schemas.topics import topic_of

# DICOM PS3.16 CID 400; RFC 3881: read, success.
_INSTANCES_ACCESSED, _READ, _SUCCESS = "110103", "R", "0"
# A page asks for many pictures of one exam: that is one access, until so long afterwards.
_ONE_ACCESS_S = 300.0
_REMEMBERED = 4_096
_TIMEOUT_S = 5.0


class AccessLog:
    """Says AccessRecorded, once for each reader and exam within five minutes. For several threads."""

    def __init__(
        self, site: str, now: Callable[[], datetime], connect: Callable[[], Codec], kafka: str
    ) -> None:
        """`connect` gives the codec of the events; nothing is connected before the first access."""
        self._site = site
        self._now = now
        self._connect = connect
        self._kafka = kafka
        self._lock = Lock()
        self._codec: Codec | None = None
        self._producer: Producer | None = None
        self._said: OrderedDict[tuple[str, str], float] = OrderedDict()

    def record(self, exam_id: str, address: str) -> None:
        """Return when Kafka has it. Raises NotAvailable: then nothing may be shown."""
        with self._lock:
            before_s = self._said.get((address, exam_id))
            if before_s is not None and time.monotonic() - before_s < _ONE_ACCESS_S:
                return
            self._publish(self._event(exam_id, address))
            self._said[address, exam_id] = time.monotonic()
            self._said.move_to_end((address, exam_id))
            if len(self._said) > _REMEMBERED:
                self._said.popitem(last=False)

    def close(self) -> None:
        """End the connection."""
        if self._producer is not None:
            self._producer.flush(1.0)
            self._producer = None

    def _event(self, exam_id: str, address: str) -> AccessRecorded:
        now, view = self._now(), str(uuid4())
        envelope = Envelope(
            event_id=event_id("dashboard", view, exam_id, AccessRecorded.AVRO_NAME),
            exam_id=exam_id,
            occurred_at=now,
            recorded_at=now,
            source=Source(system="dashboard", facility="", protocol="radstream"),
            source_message_id=view,
            site=self._site,
        )
        return AccessRecorded(
            envelope=envelope,
            event_code=_INSTANCES_ACCESSED,
            action=_READ,
            outcome=_SUCCESS,
            network_address=address,
            object="pictures of the exam's images",
        )

    def _publish(self, event: AccessRecorded) -> None:
        failed: list[KafkaError] = []

        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                failed.append(error)

        try:
            self._codec = self._codec or self._connect()
            self._producer = self._producer or self._made()
            self._producer.produce(
                topic_of(event.AVRO_NAME),
                key=event.envelope.exam_id.encode(),
                value=self._codec.encode(event),
                headers=[*headers(event)],
                on_delivery=delivered,
            )
            left = self._producer.flush(_TIMEOUT_S + 1)
        except (SchemaError, KafkaException, BufferError) as error:
            raise NotAvailable("The access cannot be recorded, so no picture is shown") from error
        if left or failed:
            raise NotAvailable("Kafka does not record the access, so no picture is shown")

    def _made(self) -> Producer:
        return Producer(
            {
                "bootstrap.servers": self._kafka,
                "client.id": "radstream-dashboard",
                "acks": "all",
                "enable.idempotence": True,
                "message.timeout.ms": int(_TIMEOUT_S * 1000),
                "error_cb": lambda _error: None,
                "log_level": 2,
            }
        )
