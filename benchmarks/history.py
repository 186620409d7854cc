"""A synthetic history through the whole pipeline: exam by exam, as it is loaded, beside the order of time.

Both load the same exams into a stack of their own: Kafka, the Faust worker that folds, the sink to
ClickHouse, reconciler, alerts and archive, all on this machine. `seconds` ends when nobody is behind but the
archive, which lets its last files wait. The peer gets the events as a live department would say them, which
is what a replay of a log is: an exam's events lie hours apart, so the fold writes its rows several times.
`cpu_s_load` is the process that makes the events and the patients' keys, seals, encodes and sends.

`--exams N`: about so many. Full size is a year of a site with 150,000.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from benchmarks.harness import Result, option_parser, options_of, progress, report
from producers.history.keys import make_keys
from producers.history.publishing import BulkPublisher, bulk_publisher_config
from producers.history.synthetic import SyntheticHistory
from producers.records import event_record
from runtime.backfill.catching_up import PATIENCE_S, wait_until_caught_up
from runtime.backfill.synthetic import load, manifest_of
from runtime.cli.on_stack import on_stack
from runtime.cli.teller import SilentTeller
from runtime.installation import Installation
from runtime.stack.state import read_state
from schemas.events import Event
from schemas.identity import patient_key
from schemas.keyring_config import open_key_ring
from schemas.registry import connect_codec

QUICK_EXAMS, FULL_EXAMS = 3_000, 150_000
_EXAMS_PER_YEAR = 150_000
_ENDS_AT = datetime(2026, 11, 1, tzinfo=UTC)
Loaded = tuple[int, int]
"""Exams and events."""


def history_of(exams: int) -> SyntheticHistory:
    """The last days or months of the same department."""
    days = 365.25 * exams / _EXAMS_PER_YEAR
    begins_at = (_ENDS_AT - timedelta(days=days)).replace(minute=0, second=0, microsecond=0)
    return SyntheticHistory(begins_at=begins_at, ends_at=_ENDS_AT, exams_per_year=_EXAMS_PER_YEAR)


def exam_by_exam(installation: Installation, history: SyntheticHistory) -> Loaded:
    """As `radstream history` loads it."""
    loaded = load(installation, manifest_of(installation, history), lambda _so_far: None)
    return loaded.exams, loaded.events


def in_the_order_of_time(installation: Installation, history: SyntheticHistory) -> Loaded:
    """The same events as they were learned of. All of them are in memory before the first is sent."""
    ring, secret = open_key_ring(installation.key_ring_config()), installation.secret_key("site_secret")
    codec = connect_codec(installation.registry_url)
    teller, exams = history.teller(secret, ring), list(history.exams())
    make_keys(ring, {patient_key(secret, exam.site, exam.patient.mrn) for exam in exams})
    said = [event for exam in exams for event in teller.events_of(exam)]
    said.sort(key=_recorded_at)
    publisher = BulkPublisher(bulk_publisher_config(installation.kafka_bootstrap))
    publisher.send(event_record(event, codec) for event in said)
    publisher.flush()
    return len(exams), len(said)


def measured(load_all: Callable[[Installation, SyntheticHistory], Loaded], exams: int) -> dict[str, float]:
    """Figures of one load into a stack of its own."""
    history = history_of(exams)

    def work(installation: Installation, _stopping: Callable[[], bool]) -> dict[str, float]:
        before, own_before_s = _cpu_s(installation), time.process_time()
        began_s = time.monotonic()
        loaded, events = load_all(installation, history)
        published_s = time.monotonic() - began_s
        wait_until_caught_up(installation.kafka_bootstrap, PATIENCE_S)
        seconds = time.monotonic() - began_s
        used = {name: after - before.get(name, 0.0) for name, after in _cpu_s(installation).items()}
        used["load"] = time.process_time() - own_before_s
        return {
            "exams": float(loaded),
            "events": float(events),
            "seconds": round(seconds, 1),
            "seconds_to_publish": round(published_s, 1),
            "us_per_event": round(1e6 * seconds / events, 2),
            **{f"cpu_s_{name}": round(spent, 1) for name, spent in sorted(used.items()) if spent >= 0.05},
            "cpu_us_per_event": round(1e6 * sum(used.values()) / events, 2),
        }

    with tempfile.TemporaryDirectory(prefix="radstream-bench-") as directory:
        found = on_stack(Path(directory), work, SilentTeller())
    if found is None:
        raise KeyboardInterrupt
    return found


def _recorded_at(event: Event) -> datetime:
    return event.envelope.recorded_at


def _cpu_s(installation: Installation) -> dict[str, float]:
    """CPU seconds of each part, its children's among them."""
    state = read_state(installation.data)
    pids = {name: part.pid for name, part in state.parts.items()} if state is not None else {}
    return {name: _of_process(pid) for name, pid in pids.items() if pid is not None}


def _of_process(pid: int) -> float:
    try:
        process = psutil.Process(pid)
        times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    except psutil.Error:
        return 0.0
    return sum(one.user + one.system for one in times)


def main() -> None:
    """Both, one after the other."""
    parser = option_parser(__doc__)
    parser.add_argument("--exams", type=int, help="about so many exams")
    parser.add_argument("--alone", action="store_true", help="without the order of time")
    given = parser.parse_args()
    options = options_of(given)
    exams = given.exams or (QUICK_EXAMS if options.quick else FULL_EXAMS)
    progress(f"loading {exams:,} exams, exam by exam")
    ours = measured(exam_by_exam, exams)
    peers = {}
    if not given.alone:
        progress(f"loading {exams:,} exams in the order of time")
        peers["in_the_order_of_time"] = measured(in_the_order_of_time, exams)
    report(Result(benchmark="history", ours=ours, peers=peers), options)


if __name__ == "__main__":
    main()
