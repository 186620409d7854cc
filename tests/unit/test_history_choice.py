"""Which history is loaded, and what is refused with what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from producers.history.manifest import Manifest, write_manifest
from producers.history.synthetic import SyntheticHistory
from runtime.backfill.choosing import Choice, HistoryRefused, choose
from runtime.backfill.synthetic import OPENING_PAST, manifest_path
from runtime.installation import Installation
from runtime.settings import Settings

ENDS_AT = datetime(2025, 3, 31, tzinfo=UTC)
BEGUN = Manifest(
    SyntheticHistory(begins_at=ENDS_AT - timedelta(days=365), ends_at=ENDS_AT, exams_per_year=90_000),
    growth=1.4,
    exams=4_000,
    events=49_000,
)


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(Settings(data=tmp_path))


def test_an_interrupted_history_goes_on_whatever_else_is_asked_for(installation: Installation) -> None:
    write_manifest(manifest_path(installation.data), BEGUN)
    assert choose(installation, Choice(years=3, exams=10)) == BEGUN


def test_what_a_new_department_made_of_its_past_is_no_history_that_was_asked_for(
    installation: Installation,
) -> None:
    ends_at = ENDS_AT + timedelta(days=90)
    past = SyntheticHistory(begins_at=ends_at - OPENING_PAST, ends_at=ends_at)
    for one in (BEGUN, Manifest(past, growth=1.0)):
        write_manifest(manifest_path(installation.data), one)
    assert choose(installation, Choice()) == BEGUN


def test_a_loaded_history_is_not_loaded_again_unless_another_end_is_named(installation: Installation) -> None:
    write_manifest(manifest_path(installation.data), replace(BEGUN, is_complete=True))
    with pytest.raises(HistoryRefused, match="--until"):
        choose(installation, Choice())
    other = choose(installation, Choice(until=ENDS_AT - timedelta(days=400), exams=90_000))
    assert (other.exams, other.is_complete) == (0, False)


def test_a_history_of_the_future_is_refused(installation: Installation) -> None:
    with pytest.raises(HistoryRefused, match="past"):
        choose(installation, Choice(until=datetime.now(UTC) + timedelta(days=1)))


def test_nothing_old_is_loaded_where_it_would_be_sent_to_other_systems(installation: Installation) -> None:
    destination = (
        '[[destination]]\nname = "ris"\nhost = "10.0.0.1"\nport = 2575\nevents = ["FinalReportPublished"]\n'
    )
    (installation.data / "hl7-destinations.toml").write_text(destination)
    with pytest.raises(HistoryRefused, match="go out to ris"):
        choose(installation, Choice(until=ENDS_AT))
