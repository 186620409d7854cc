"""CPU time of the fold's pure core, stage by stage: from an event's bytes to the bytes that Kafka gets.

The events are those of a simulated department. A state is measured at every length that it has on its way,
since a flush meets exams at any stage. `--before REF` measures the same stages of another revision of this
repository in the same run, with this file and the same events, and prints it as a peer.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, zip_longest
from pathlib import Path
from typing import Any

from benchmarks.department_events import department_events
from benchmarks.harness import Result, cpu_us_per_call, option_parser, options_of, progress, report
from processors import turnaround, worklist
from processors.exam_state import ExamState
from processors.fold import LogMessage, fold_batch
from processors.state_codec import decode_state, encode_state
from processors.view import ExamView, view_of
from schemas.codec import CLASS_BY_NAME, Codec
from schemas.contracts import self_contained
from schemas.events import Event

# Revisions before the drafts published the rows themselves.
Maker = Callable[[ExamView], Any]
worklist_row: Maker = getattr(worklist, "worklist_draft", worklist.worklist_row_of)
turnaround_row: Maker = getattr(turnaround, "turnaround_draft", turnaround.turnaround_row_of)
_HERE = Path(__file__).parent
_ROUNDS = 12
_ROOM_NAMES = ("schemas", "processors", "producers", "benchmarks")


def local_codec() -> Codec:
    """A codec whose registry is the contracts themselves."""
    names = dict(enumerate(CLASS_BY_NAME, 1))
    ids = {name: number for number, name in names.items()}
    return Codec(ids, lambda schema_id: json.dumps(self_contained(names[schema_id])))


def measure(*, quick: bool) -> dict[str, float]:
    """CPU microseconds per stage."""
    exams = department_events(40 if quick else 200)
    seconds = 0.04 if quick else 0.3
    codec = local_codec()
    log = [_messages(events, codec) for events in exams]
    grown = [_state(events[:length]) for events in exams for length in range(1, len(events) + 1)]
    # A prime step visits all of them, and neighbours in the run are not neighbours in length.
    states = [grown[number * 7919 % len(grown)] for number in range(len(grown))]
    found: dict[str, float] = {}
    for name, stage in {
        **_of_events(log, codec),
        **_of_exams(states, codec),
        **_of_flushes(log, codec),
    }.items():
        # The least of some rounds: what else the machine does makes a round longer, never shorter.
        found[name] = min(cpu_us_per_call(stage, seconds=seconds, rounds=1) for _ in range(_ROUNDS))
        progress(f"{name}: {found[name]:.1f}")
    found["finished_state_bytes"] = sum(len(encode_state(_state(events))) for events in exams) / len(exams)
    return found


def _of_events(log: Sequence[list[LogMessage]], codec: Codec) -> dict[str, Callable[[], object]]:
    values = cycle([message.value or b"" for messages in log for message in messages])
    return {
        "event_decode_us": lambda: codec.decode(next(values)),
    }


def _of_exams(states: Sequence[ExamState], codec: Codec) -> dict[str, Callable[[], object]]:
    turns: dict[str, Iterator[Any]] = {
        "state": cycle(states),
        "raw": cycle([encode_state(state) for state in states]),
        "worklist": cycle([worklist_row(view_of(state)) for state in states]),
        "turnaround": cycle([turnaround_row(view_of(state)) for state in states]),
    }
    stages: dict[str, tuple[Callable[[Any], object], str]] = {
        "state_decode_us": (decode_state, "raw"),
        "state_encode_us": (encode_state, "state"),
        # A view works some things out when a row first asks for them: the rows are measured with it.
        "view_us": (view_of, "state"),
        "view_and_worklist_row_us": (lambda state: worklist_row(view_of(state)), "state"),
        "view_and_both_rows_us": (_both_rows, "state"),
        "worklist_encode_us": (codec.encode, "worklist"),
        "turnaround_encode_us": (codec.encode, "turnaround"),
    }
    return {name: _on_next(stage, turns[of]) for name, (stage, of) in stages.items()}


def _both_rows(state: ExamState) -> object:
    view = view_of(state)
    return worklist_row(view), turnaround_row(view)


def _on_next(stage: Callable[[Any], object], turns: Iterator[Any]) -> Callable[[], object]:
    return lambda: stage(next(turns))


def _of_flushes(log: Sequence[list[LogMessage]], codec: Codec) -> dict[str, Callable[[], object]]:
    """What a worker does: with one event of an exam per flush (live), and with all of them (catching up)."""
    table: dict[bytes, bytes] = {}
    live = _day(log, table)
    whole = cycle(log)

    def one() -> None:
        _flush([next(live)], codec, table)

    def all_of_one() -> None:
        _flush(next(whole), codec, {})

    return {"flush_of_one_event_us": one, "flush_of_a_whole_exam_us": all_of_one}


def _day(log: Sequence[list[LogMessage]], table: dict[bytes, bytes]) -> Iterator[LogMessage]:
    """All exams' messages in turns, again and again, each time onto an empty table."""
    while True:
        table.clear()
        for turn in zip_longest(*log):
            yield from (message for message in turn if message is not None)


def _flush(messages: Sequence[LogMessage], codec: Codec, table: dict[bytes, bytes]) -> None:
    folded = fold_batch(messages, codec, lambda _, key: table.get(key))
    for (_, key), state in folded.states.items():
        table[key] = encode_state(state)
        view = view_of(state)
        codec.encode(worklist_row(view))
        codec.encode(turnaround_row(view))


def _messages(events: Sequence[Event], codec: Codec) -> list[LogMessage]:
    return [LogMessage(0, 0, event.envelope.exam_id.encode(), codec.encode(event)) for event in events]


def _state(events: Sequence[Event]) -> ExamState:
    state = ExamState(events[0].envelope.exam_id)
    for event in events:
        state.add(event)
    return state


def measured_before(revision: str, *, quick: bool) -> dict[str, float]:
    """The same of `revision`: its rooms, this benchmark. Raises CalledProcessError where there is none."""
    git = ["git", "-C", str(_HERE.parent), "archive", revision, *_ROOM_NAMES]
    packed = subprocess.run(git, capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory(prefix="radstream-bench-") as directory:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(directory, filter="data")
        for name in ("fold_core.py", "department_events.py", "harness.py"):
            Path(directory, "benchmarks", name).write_text((_HERE / name).read_text("utf-8"), "utf-8")
        command = [sys.executable, "-m", "benchmarks.fold_core", "--json", *(["--quick"] if quick else [])]
        environment = {**os.environ, "PYTHONPATH": directory}
        done = subprocess.run(command, cwd=directory, env=environment, stdout=subprocess.PIPE, check=True)
    ours: dict[str, float] = json.loads(done.stdout.splitlines()[-1])["ours"]
    return ours


def main(arguments: list[str] | None = None) -> None:
    """Measure and report."""
    parser = option_parser(__doc__)
    parser.add_argument("--before", metavar="REF", help="also measure this git revision, in the same run")
    given = parser.parse_args(arguments)
    options = options_of(given)
    peers = {given.before: measured_before(given.before, quick=options.quick)} if given.before else {}
    report(Result(benchmark="fold_core", ours=measure(quick=options.quick), peers=peers), options)


if __name__ == "__main__":
    main()
