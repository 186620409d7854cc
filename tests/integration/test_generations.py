"""A generation on the engine: beside what is live, told apart from it, exchanged once however often asked."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from clickhouse_connect.driver.client import Client

from processors.fold import fold
from processors.turnaround import turnaround_row
from schemas.topics import TURNAROUND
from sinks.clickhouse.generations.comparison import compare, count, fields
from sinks.clickhouse.generations.filling import GenerationFill, deliver_again
from sinks.clickhouse.generations.hours import touch_hours
from sinks.clickhouse.generations.tables import create, drop, exchange, numbers, uuids
from sinks.clickhouse.messages import Message
from sinks.clickhouse.migrate import migrate
from tests.clickhouse_running import DATABASE, clickhouse_server
from tests.finished_exam import finished_exam
from tests.unit.test_fold_batches import CODEC

(STATE,) = fold(list(finished_exam())).values()
ROW = turnaround_row(STATE)


def rows_of(*exams: str, cut: bool = False) -> list[tuple[bytes, bytes]]:
    """A row of each exam; `cut`: without its last interval."""
    intervals = ROW.intervals[:-1] if cut else ROW.intervals
    made = [replace(ROW, exam_id=exam, intervals=intervals) for exam in exams]
    return [(row.exam_id.encode(), CODEC.encode(row)) for row in made]


def live(client: Client, rows: Sequence[tuple[bytes, bytes]], first_offset: int) -> int:
    """Rows into the live tables, as the sink brings them."""
    return deliver_again(client, CODEC, [_messages(rows, first_offset)], "a test")


def intervals_of(client: Client, exam: str) -> int:
    sql = "SELECT count() FROM v_turnaround WHERE exam_id = {exam:String}"
    return int(client.query(sql, parameters={"exam": exam}).result_rows[0][0])


def test_a_generation_is_compared_exchanged_once_and_what_came_meanwhile_is_in_it(tmp_path: Path) -> None:
    whole = len(ROW.intervals)
    with clickhouse_server(tmp_path) as server, closing(server.client("")) as client:
        migrate(client, DATABASE)
        live(client, [*rows_of("same"), *rows_of("other", cut=True), *rows_of("surplus")], 0)
        create(client, TURNAROUND, 1, None)
        create(client, TURNAROUND, 1, None)
        made = uuids(client, TURNAROUND, 1)
        fill = GenerationFill(client, CODEC, TURNAROUND, 1)
        for _ in range(2):  # killed, and gone on with
            fill.put(rows_of("same", "other", "missing"), 2)
        assert (numbers(client), count(client, TURNAROUND, 1)) == ({1}, 3)
        found = compare(client, TURNAROUND, 1, only_its_exams=False)
        assert list(found) == ["turnaround_exams", "turnaround"]
        for one in found.values():
            assert (one.differ, one.missing, one.surplus) == ({"other"}, {"missing"}, {"surplus"})
        assert compare(client, TURNAROUND, 1, only_its_exams=True)["turnaround"].surplus == set()
        named = dict(fields(client, TURNAROUND, 1, ["other", "surplus"]))
        assert {"interval_names", f"turnaround: {ROW.intervals[-1].name}"} <= set(named["other"])
        assert named["surplus"] == ["only in the live table"]
        live(client, rows_of("same", cut=True), 3)  # came meanwhile, to the table that is about to go
        for _ in range(2):  # interrupted, and repeated
            exchange(client, TURNAROUND, 1, made, None)
            assert (
                deliver_again(client, CODEC, [_messages(rows_of("same", cut=True), 3)], "generation-1") == 1
            )
        assert [intervals_of(client, exam) for exam in ("same", "other", "missing", "surplus")] == [
            whole - 1,
            whole,
            whole,
            0,
        ]
        live(client, rows_of("later"), 4)
        assert intervals_of(client, "later") == whole, "the live view fills what is live now"
        touch_hours(client, 1, {"other", "surplus"})
        ((touched,),) = client.query("SELECT uniqExact(exam_id) FROM turnaround_hours").result_rows
        assert touched >= 4
        drop(client, TURNAROUND, 1, None)
        assert numbers(client) == set()


def _messages(rows: Sequence[tuple[bytes, bytes]], first_offset: int) -> list[Message]:
    return [Message(TURNAROUND, 0, first_offset + n, value, key) for n, (key, value) in enumerate(rows)]
