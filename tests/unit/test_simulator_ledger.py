"""The ledger: nothing that was acknowledged is forgotten, whatever kills the writer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.simulator.ledger import (
    Ledger,
    LedgerDamaged,
    LedgerInUse,
    LedgerOfAnotherPlan,
    open_ledger,
    summary_of,
)
from producers.simulator.ledger_entries import Cargo, Kind, LedgerEntry, LedgerSummary, entry_of, summarise

RUN = LedgerEntry(kind=Kind.RUN, run="r", plan="p", exams=2, started_at="2026-01-05T06:00:00+00:00")


def entry(kind: Kind, what: str, *, exam: int = 0, cargo: Cargo = Cargo.HL7, events: int = 1) -> LedgerEntry:
    return LedgerEntry(kind=kind, run="r", exam=exam, cargo=cargo, id=what, events=events)


def written(path: Path, *entries: LedgerEntry) -> None:
    with open_ledger(path, RUN) as ledger:
        for one in entries:
            ledger.note(one)


SENT, ACKNOWLEDGED = entry(Kind.SENT, "m1"), entry(Kind.ACKNOWLEDGED, "m1", events=2)


def test_what_was_acknowledged_is_known_after_a_restart(tmp_path: Path) -> None:
    written(tmp_path / "ledger", SENT, ACKNOWLEDGED, entry(Kind.SENT, "m2"))
    with open_ledger(tmp_path / "ledger", replace(RUN, started_at="2030-01-01T00:00:00+00:00")) as ledger:
        assert ledger.tally.is_answered(0, "m1")
        assert not ledger.tally.is_answered(0, "m2")
        assert ledger.started_at.year == 2026


@pytest.mark.parametrize("kept_bytes", [1, 20, 60])
def test_a_torn_last_line_is_cut_off_and_the_rest_kept(tmp_path: Path, kept_bytes: int) -> None:
    path = tmp_path / "ledger"
    written(path, SENT, ACKNOWLEDGED)
    whole = path.read_bytes()
    path.write_bytes(whole + entry(Kind.ACKNOWLEDGED, "m2").line()[:kept_bytes])
    assert summary_of(path, "r").hl7_acked == 1
    written(path, entry(Kind.SENT, "m2"), entry(Kind.ACKNOWLEDGED, "m2"))
    assert path.read_bytes().startswith(whole)
    assert summary_of(path, "r").hl7_acked == 2


def test_a_file_of_one_torn_line_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    path.write_bytes(b'{"kind":"ru')
    written(path, SENT)
    assert summary_of(path, "r").hl7_sent == 1


def test_a_damaged_line_in_the_middle_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    written(path, SENT)
    path.write_bytes(path.read_bytes() + b"\0\0\0\n" + ACKNOWLEDGED.line())
    with pytest.raises(LedgerDamaged, match="line 3"):
        open_ledger(path, RUN)


def test_two_writers_are_one_too_many(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "ledger", RUN), pytest.raises(LedgerInUse):
        open_ledger(tmp_path / "ledger", RUN)


def test_a_run_cannot_go_on_under_another_plan(tmp_path: Path) -> None:
    written(tmp_path / "ledger", SENT)
    with pytest.raises(LedgerOfAnotherPlan):
        open_ledger(tmp_path / "ledger", replace(RUN, plan="other"))


def test_runs_in_one_file_are_counted_apart(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    written(path, SENT, ACKNOWLEDGED)
    with open_ledger(path, replace(RUN, run="r2", plan="other")) as ledger:
        assert ledger.tally.summary() == LedgerSummary(exams=2)
    assert summary_of(path, "r").hl7_acked == 1


def test_others_cannot_read_a_ledger(tmp_path: Path) -> None:
    written(tmp_path / "ledger", SENT)
    assert (tmp_path / "ledger").stat().st_mode & 0o077 == 0


def test_all_who_record_at_once_are_durable(tmp_path: Path) -> None:
    async def record_all(ledger: Ledger) -> None:
        await asyncio.gather(*(ledger.record(entry(Kind.ACKNOWLEDGED, f"m{n}")) for n in range(100)))

    with open_ledger(tmp_path / "ledger", RUN) as ledger:
        asyncio.run(record_all(ledger))
    assert summary_of(tmp_path / "ledger", "r").hl7_acked == 100


def test_a_message_counts_once_and_each_further_attempt_as_resent() -> None:
    summary = summarise([RUN, SENT, SENT, SENT, ACKNOWLEDGED, ACKNOWLEDGED])
    assert summary == LedgerSummary(exams=2, hl7_sent=1, hl7_acked=1, resent=2, events_expected=2)


def test_refusals_and_images_are_counted_apart() -> None:
    summary = summarise(
        [
            RUN,
            SENT,
            entry(Kind.REFUSED, "m1"),
            entry(Kind.SENT, "1.2", cargo=Cargo.INSTANCE),
            entry(Kind.ACKNOWLEDGED, "1.2", cargo=Cargo.INSTANCE, events=0),
            LedgerEntry(kind=Kind.EXAM_FINISHED, run="r", exam=0),
        ]
    )
    assert summary == LedgerSummary(
        exams=2, exams_finished=1, hl7_sent=1, hl7_refused=1, instances_sent=1, instances_stored=1
    )


_ENTRIES = st.builds(
    entry,
    st.sampled_from([Kind.SENT, Kind.ACKNOWLEDGED, Kind.REFUSED]),
    st.sampled_from(["a", "b", "c"]),
    exam=st.integers(0, 2),
    cargo=st.sampled_from(Cargo),
)


@given(one=_ENTRIES)
def test_an_entry_survives_its_line(one: LedgerEntry) -> None:
    assert entry_of(one.line()) == one


@given(entries=st.lists(_ENTRIES, max_size=30))
def test_answers_are_never_more_than_distinct_messages(entries: list[LedgerEntry]) -> None:
    summary = summarise(entries)
    answered = {(one.exam, one.id) for one in entries if one.kind is not Kind.SENT}
    total = summary.hl7_acked + summary.hl7_refused + summary.instances_stored + summary.instances_refused
    assert total == len(answered)
    attempts = sum(one.kind is Kind.SENT for one in entries)
    assert summary.hl7_sent + summary.instances_sent + summary.resent == attempts
