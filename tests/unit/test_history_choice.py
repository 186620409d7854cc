"""Which history is loaded, and what is refused with what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from producers.history.manifest import Manifest, write_manifest
from producers.history.synthetic import SyntheticHistory
from runtime.backfill.choosing import Choice, HistoryRefused, choose, ends_before
from runtime.backfill.synthetic import OPENING_PAST, manifest_path
from runtime.department_time import busy_hour_until
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
    until = ENDS_AT - timedelta(days=400, minutes=17)
    other = choose(installation, Choice(until=until, exams=90_000))
    assert (other.exams, other.is_complete) == (0, False)
    assert other.history.ends_at == until, "an end that was named is kept"


def test_on_empty_data_a_history_ends_where_a_new_department_would_open() -> None:
    """Whenever it is asked for: a live department goes on there, and is busy."""
    sunday_night = datetime(2026, 11, 29, 3, 17, tzinfo=UTC)
    thursday = datetime(2026, 11, 26, 11, tzinfo=UTC)
    assert ends_before([], sunday_night, "UTC") == busy_hour_until(sunday_night, "UTC") == thursday
    assert ends_before([], thursday + timedelta(minutes=10), "UTC") == thursday
    assert ends_before([], sunday_night, "Europe/Berlin") == thursday - timedelta(hours=1)


def test_where_something_is_there_a_history_ends_before_it_however_quiet_it_is_then() -> None:
    night = datetime(2026, 11, 29, 3, 17, tzinfo=UTC)
    past = night + timedelta(hours=5)
    assert ends_before([past, night], past + timedelta(days=30), "UTC") == night.replace(minute=0)
    ahead = night + timedelta(days=1)
    assert ends_before([ahead], night, "UTC") <= night, "a source's clock that is ahead moves nothing"


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
