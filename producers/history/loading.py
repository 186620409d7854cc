"""A synthetic history to Kafka: exam by exam, so that the fold gets all that an exam has at once.

What is published again is the same under the same ids, but for ciphertext: a load that goes on after a kill
doubles nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from producers.history.keys import make_keys
from producers.history.manifest import Manifest
from producers.history.publishing import BulkPublisher
from producers.kafka_connection import Record
from producers.records import event_record
from producers.simulator.exam import SimulatedExam
from schemas.codec import Codec
from schemas.identity import patient_key
from schemas.phi import KeyRing

# So many exams share the syncs of their patients' keys, and come to the log at once: whoever reads it then
# folds and inserts tens of thousands at a time, which costs a fraction of doing it as fast as they are made.
_EXAMS_AT_ONCE = 4_000
_EXAMS_BETWEEN_WORDS = 250

Progress = Callable[[Manifest], None]
_Portion = list[SimulatedExam]


class HistoryLoader:
    """Loads one history through `publisher`. `keep` is called with what Kafka has for certain."""

    def __init__(
        self, publisher: BulkPublisher, codec: Codec, ring: KeyRing, site_secret: bytes, keep: Progress
    ) -> None:
        self._publisher = publisher
        self._codec = codec
        self._ring = ring
        self._site_secret = site_secret
        self._keep = keep

    def load(self, manifest: Manifest, tell: Progress = lambda _so_far: None) -> Manifest:
        """Publish what `manifest` does not have yet; what there is in the end. `tell`: how far it is.

        Raises PublishFailed, InvalidDepartment, OSError, and what the key ring raises.
        """
        teller = manifest.history.teller(self._site_secret, self._ring)
        exams, events = manifest.exams, manifest.events
        for portion in self._with_keys(_portions(islice(manifest.history.exams(), exams, None))):
            records: list[Record] = []
            for exam in portion:
                records += [event_record(event, self._codec) for event in teller.events_of(exam)]
                exams += 1
                if exams % _EXAMS_BETWEEN_WORDS == 0:
                    tell(manifest.at(exams, events + len(records)))
            events += len(records)
            self._publisher.send(records)
            self._publisher.flush()
            self._keep(manifest.at(exams, events))
        complete = manifest.at(exams, events, is_complete=True)
        self._keep(complete)
        return complete

    def _with_keys(self, portions: Iterator[_Portion]) -> Iterator[_Portion]:
        """`portions`, the keys of each made: while one is told, those of the next go to the disk."""
        with ThreadPoolExecutor(1, "keys") as maker:
            before: tuple[_Portion, Future[None]] | None = None
            for portion in portions:
                made = maker.submit(make_keys, self._ring, [self._patient_of(exam) for exam in portion])
                if before is not None:
                    before[1].result()
                    yield before[0]
                before = portion, made
            if before is not None:
                before[1].result()
                yield before[0]

    def _patient_of(self, exam: SimulatedExam) -> str:
        return patient_key(self._site_secret, exam.site, exam.patient.mrn)


def _portions(exams: Iterable[SimulatedExam]) -> Iterator[_Portion]:
    remaining = iter(exams)
    while portion := list(islice(remaining, _EXAMS_AT_ONCE)):
        yield portion
