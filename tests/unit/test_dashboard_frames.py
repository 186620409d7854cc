"""A frame is made once for all readers who are as far as each other, and never kept past an erasure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
from sse_starlette.event import ServerSentEvent

from dashboards.board import Board
from dashboards.department import Clock
from dashboards.frames import Frame, SharedFrames
from dashboards.live import Live, RowChange
from dashboards.patients import Patients
from dashboards.sight import Sight
from dashboards.stream import Pace, Reader
from schemas.keyring import FileKeyRing
from tests.dashboard_rows import NOON, PSEUDONYMS, row, sealed
from tests.served_board import key_directory

FAST = Pace(between_s=0.01)


def live_with(*rows: RowChange) -> Live:
    live = Live(Board(), Clock(lambda: NOON, 1.0))
    live.apply(rows)
    live.load_finished(frozenset(change.key for change in rows))
    return live


async def board_of(frames: AsyncIterator[Frame]) -> Frame:
    """The next frame that is about exams."""
    async with asyncio.timeout(30):
        while True:
            frame = await anext(frames)
            if frame.event in {"snapshot", "delta"}:
                return frame


def test_fifty_readers_get_one_and_the_same_frame() -> None:
    async def body() -> None:
        live = live_with(RowChange(row(1).exam_id, row(1)))
        readers = [Reader(live, PSEUDONYMS, pace=FAST).frames() for _ in range(50)]
        snapshots = [await board_of(reader) for reader in readers]
        assert len({id(frame) for frame in snapshots}) == 1
        live.apply([RowChange(row(1).exam_id, row(1, "arrived"))])
        deltas = [await board_of(reader) for reader in readers]
        assert len({id(frame) for frame in deltas}) == 1
        assert deltas[0].data["rows"][0]["stage"] == "arrived"

    asyncio.run(body())


def test_readers_with_and_without_names_never_share_a_frame(tmp_path: Path) -> None:
    async def body() -> None:
        ring = FileKeyRing(key_directory(tmp_path), b"k" * 32)
        live = live_with(RowChange(row(1).exam_id, sealed(row(1), ring, "Lindqvist^Erik")))
        names = Sight(Patients(ring), None)
        for sight in (names, PSEUDONYMS, names, PSEUDONYMS):
            frame = await board_of(Reader(live, sight, pace=FAST).frames())
            assert (b"Lindqvist" in frame.encoded) == (sight is names)

    asyncio.run(body())


def test_a_frame_is_made_anew_after_a_second() -> None:
    now_s = [0.0]
    shared = SharedFrames(lambda: now_s[0])
    made: list[Frame] = []

    def make() -> Frame:
        made.append(Frame("delta", {"rows": []}))
        return made[-1]

    assert shared.get(("life", 1, 2), make) is shared.get(("life", 1, 2), make)
    now_s[0] = 1.0
    assert shared.get(("life", 1, 2), make) is made[-1]
    assert len(made) == 2


def test_a_frame_is_encoded_as_the_library_does_it() -> None:
    data = {"rows": [{"procedure": "line\nbreak \u2028 \r é"}]}
    for event_id in (None, "life.7"):
        encoded = Frame("delta", data, event_id).encoded
        text = orjson.dumps(data).decode()
        assert encoded == ServerSentEvent(text, event="delta", id=event_id, sep="\n").encode()
