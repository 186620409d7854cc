"""The exams that are still to be done, in memory: the worklist view as its topic has it.

The topic is compacted and read from its beginning at each start; what is in memory is bounded.
"""

from __future__ import annotations

import threading

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from producers.dicom.worklist.items import STEP_STATUS
from schemas.codec import Codec
from schemas.errors import SchemaError
from schemas.topics import WORKLIST
from schemas.views import WorklistRow

log = structlog.get_logger("dicom")
_POLL_S = 0.5
_ASK_TIMEOUT_S = 2.0
_RETRY_S = 2.0


class OpenExams:
    """The rows of exams with an accession number that a modality has still to do. Safe from many threads."""

    def __init__(self, maximum: int) -> None:
        """`maximum`: beyond it, those that nothing was said of for longest are let go, and that is logged."""
        self._maximum = maximum
        self._rows: dict[str, WorklistRow] = {}
        self._lock = threading.Lock()
        self._read = threading.Event()

    def put(self, exam_id: str, row: WorklistRow | None) -> None:
        """The exam as it stands now; None where the view has it no more."""
        with self._lock:
            if row is None or row.stage not in STEP_STATUS or not (row.accession_number or "").strip():
                self._rows.pop(exam_id, None)
                return
            self._rows[exam_id] = row
            if len(self._rows) > self._maximum:
                self._let_go()

    def all(self) -> list[WorklistRow]:
        """The rows now."""
        with self._lock:
            return list(self._rows.values())

    def is_read(self) -> bool:
        """Whether the topic was read to its end since the start: before, an answer would leave exams out."""
        return self._read.is_set()

    def await_read(self, timeout_s: float) -> bool:
        """The same, after at most `timeout_s`."""
        return self._read.wait(timeout_s)

    def set_read(self) -> None:
        """The topic was read to its end."""
        self._read.set()

    def _let_go(self) -> None:
        """A tenth at a time, so that it is seldom."""
        oldest = sorted(self._rows.values(), key=lambda row: row.last_occurred_at)
        for row in oldest[: max(self._maximum // 10, 1)]:
            del self._rows[row.exam_id]
        log.warning("worklist is full: oldest exams left out", maximum=self._maximum)


class WorklistReader:
    """Follows the topic in a thread of its own."""

    def __init__(self, bootstrap: str, codec: Codec, exams: OpenExams) -> None:
        """Does not connect yet."""
        self._bootstrap = bootstrap
        self._codec = codec
        self._exams = exams
        self._behind: set[int] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dicom-worklist", daemon=True)

    def start(self) -> None:
        """Begin to read; Kafka need not be up yet."""
        self._thread.start()

    def close(self) -> None:
        """Let go of Kafka."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_ASK_TIMEOUT_S + _POLL_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            consumer = _consumer(self._bootstrap)
            try:
                self._follow(consumer)
            except KafkaException as error:
                log.warning("worklist not readable, trying again", error=str(error.args[0]))
                self._stopping.wait(_RETRY_S)
            finally:
                consumer.close()

    def _follow(self, consumer: Consumer) -> None:
        topic = consumer.list_topics(WORKLIST, _ASK_TIMEOUT_S).topics[WORKLIST]
        if topic.error is not None:
            raise KafkaException(topic.error)
        self._behind = set(topic.partitions)
        consumer.assign([TopicPartition(WORKLIST, partition, OFFSET_BEGINNING) for partition in self._behind])
        while not self._stopping.is_set():
            message = consumer.poll(_POLL_S)
            if message is not None:
                self._take(message)

    def _take(self, message: Message) -> None:
        error = message.error()
        if error is None:
            self._put(message)
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the library's name for it
            self._behind.discard(int(message.partition() or 0))
            if not self._behind and not self._exams.is_read():
                self._exams.set_read()
                log.info("worklist read", exams=len(self._exams.all()))
        elif error.fatal():
            raise KafkaException(error)

    def _put(self, message: Message) -> None:
        key, value = message.key(), message.value()
        if value is None:
            self._exams.put((key or b"").decode("utf-8", "replace"), None)
            return
        try:
            row = self._codec.decode(value)
        except SchemaError as error:
            log.error("worklist row unreadable", error=type(error).__name__, offset=message.offset())
            return
        if isinstance(row, WorklistRow):
            self._exams.put(row.exam_id, row)


def _consumer(bootstrap: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "radstream-dicom-worklist",  # the client needs one; nothing is committed to it
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "queued.max.messages.kbytes": 8 * 1024,
            "log_level": 3,
        }
    )
