"""A reader hears of everything that counts, at its own pace, and nothing piles up for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

from dashboards.board import Board
from dashboards.department import Clock
from dashboards.frames import Frame
from dashboards.live import FeedState, FeedStatus, Live, RowChange
from dashboards.stream import Pace, Reader
from tests.dashboard_rows import NOON, PSEUDONYMS, row

FAST = Pace(between_s=0.01, status_s=5.0, delta_exams=50)


def loaded_live(exams: int = 3) -> Live:
    live = Live(Board(), Clock(lambda: NOON, 1.0))
    live.apply([RowChange(row(number).exam_id, row(number)) for number in range(exams)])
    live.load_finished(frozenset(row(number).exam_id for number in range(exams)))
    live.report(FeedStatus(FeedState.LIVE, datetime.now(UTC)))
    return live


def put(live: Live, number: int, stage: str) -> None:
    live.apply([RowChange(row(number).exam_id, row(number, stage))])


async def after_status(frames: AsyncIterator[Frame]) -> Frame:
    """The next frame that is about exams."""
    async with asyncio.timeout(5):
        while True:
            frame = await anext(frames)
            if frame.event != "status":
                return frame


def run(body: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await body()

    asyncio.run(main())


def test_a_new_reader_gets_the_clock_and_the_whole_board_first() -> None:
    async def body() -> None:
        frames = Reader(loaded_live(), PSEUDONYMS, pace=FAST).frames()
        status, snapshot = await anext(frames), await anext(frames)
        assert status.data["clock"] == {"now": NOON, "speed": 1.0, "utc_offset_s": 0, "zone": "UTC"}
        assert status.data["feed"]["state"] is FeedState.LIVE
        assert snapshot.event == "snapshot"
        assert len(snapshot.data["rows"]) == 3

    run(body)


def test_a_reader_that_comes_before_the_topic_was_read_waits_for_the_whole_of_it() -> None:
    async def body() -> None:
        live = Live(Board(), Clock(lambda: NOON, 1.0))
        frames = Reader(live, PSEUDONYMS, pace=FAST).frames()
        first = asyncio.ensure_future(after_status(frames))
        put(live, 1, "ordered")
        await asyncio.sleep(0.05)
        assert not first.done()
        put(live, 2, "ordered")
        live.load_finished(frozenset({row(1).exam_id, row(2).exam_id}))
        assert len((await first).data["rows"]) == 2

    run(body)


def test_changes_between_two_frames_are_one_delta_with_the_last_of_each_exam() -> None:
    async def body() -> None:
        live = loaded_live()
        frames = Reader(live, PSEUDONYMS, pace=FAST).frames()
        await after_status(frames)
        for stage in ("scheduled", "arrived", "in_progress"):
            put(live, 1, stage)
        live.apply([RowChange(row(2).exam_id, None)])
        delta = await after_status(frames)
        assert delta.event == "delta"
        assert [(item["exam_id"], item["stage"]) for item in delta.data["rows"]] == [
            (row(1).exam_id, "in_progress")
        ]
        assert delta.data["gone"] == [row(2).exam_id]

    run(body)


def test_a_reader_hears_no_more_often_than_its_pace_however_much_happens() -> None:
    async def body() -> None:
        live = loaded_live()
        pace = Pace(between_s=0.1, status_s=5.0)
        frames = Reader(live, PSEUDONYMS, pace=pace).frames()
        await after_status(frames)
        heard: list[Frame] = []

        async def listen() -> None:
            heard.extend([frame async for frame in frames])

        listening = asyncio.ensure_future(listen())
        began_s = time.monotonic()
        for turn in range(100):
            put(live, 1, ("scheduled", "arrived")[turn % 2])
            await asyncio.sleep(0.005)
        live.close()
        await listening
        # The first, one for each pace, and the last: however long a full machine took for them.
        assert 2 <= len(heard) <= (time.monotonic() - began_s) / pace.between_s + 2

    run(body)


def test_what_changes_after_a_pause_is_told_at_once() -> None:
    async def body() -> None:
        live = Live(Board(), Clock(lambda: NOON, 1.0))
        frames = Reader(live, PSEUDONYMS, pace=Pace(between_s=60.0, status_s=60.0)).frames()
        first = asyncio.ensure_future(after_status(frames))
        await asyncio.sleep(0.05)
        put(live, 1, "ordered")
        live.load_finished(frozenset({row(1).exam_id}))
        async with asyncio.timeout(10):
            assert (await first).event == "snapshot"

    run(body)


def test_a_reader_that_was_too_slow_takes_the_board_anew() -> None:
    async def body() -> None:
        live = loaded_live()
        frames = Reader(live, PSEUDONYMS, pace=FAST).frames()
        await after_status(frames)
        for number in range(10, 10 + FAST.delta_exams + 1):
            put(live, number, "ordered")
        frame = await after_status(frames)
        assert frame.event == "snapshot"
        assert len(frame.data["rows"]) == 3 + FAST.delta_exams + 1

    run(body)


def test_who_comes_back_gets_only_what_it_missed() -> None:
    async def body() -> None:
        live = loaded_live()
        last = await after_status(Reader(live, PSEUDONYMS, pace=FAST).frames())
        put(live, 2, "arrived")
        again = await after_status(Reader(live, PSEUDONYMS, pace=FAST).frames(last.event_id))
        assert again.event == "delta"
        assert [item["exam_id"] for item in again.data["rows"]] == [row(2).exam_id]

    run(body)


def test_who_comes_back_from_another_life_of_the_server_takes_the_board_anew() -> None:
    async def body() -> None:
        for stale in ("0123456789ab.2", "nonsense", "", f"{loaded_live().life}.x"):
            frame = await after_status(Reader(loaded_live(), PSEUDONYMS, pace=FAST).frames(stale))
            assert frame.event == "snapshot"

    run(body)


def test_a_reader_of_one_exam_hears_of_no_other() -> None:
    async def body() -> None:
        live = loaded_live()
        reader = Reader(live, PSEUDONYMS, exam_id=row(1).exam_id, pace=FAST)
        frames = reader.frames()
        assert [item["exam_id"] for item in (await after_status(frames)).data["rows"]] == [row(1).exam_id]
        put(live, 2, "arrived")
        put(live, 1, "arrived")
        assert [item["exam_id"] for item in (await after_status(frames)).data["rows"]] == [row(1).exam_id]

    run(body)


def test_silence_is_broken_by_status_frames_and_a_new_state_is_told_at_once() -> None:
    async def body() -> None:
        live = loaded_live()
        frames = Reader(live, PSEUDONYMS, pace=Pace(between_s=0.01, status_s=0.1)).frames()
        await after_status(frames)
        async with asyncio.timeout(2):
            assert (await anext(frames)).event == "status"
        live.report(FeedStatus(FeedState.STALE, datetime.now(UTC), "no broker"))
        async with asyncio.timeout(0.08):
            assert (await anext(frames)).data["feed"]["state"] is FeedState.STALE

    run(body)


def test_every_stream_ends_when_the_process_does() -> None:
    async def body() -> None:
        live = loaded_live()
        frames = Reader(live, PSEUDONYMS).frames()
        await after_status(frames)
        ending = asyncio.ensure_future(anext(frames, None))
        await asyncio.sleep(0.05)
        live.close()
        async with asyncio.timeout(1):
            assert await ending is None

    run(body)
