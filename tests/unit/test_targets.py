"""The file of targets: what may stand in it, and what a mistake in it says."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from processors.alerts.known_exam import known_exam
from processors.alerts.publication import published
from processors.alerts.targets import Version, Versions, content_hash, fits, version_of
from processors.alerts.targets_file import InvalidTargets, parse_targets
from processors.alerts.watched_file import WatchedTargets
from processors.facts import to_us
from runtime.cli.main import build_app
from tests.alert_rows import TARGETS, row
from tests.histories import MORNING

_AGAIN = 'interval = "acquisition"\ndue_min = 9'
DEFAULT = Path(__file__).parents[2] / "deploy" / "targets.toml"


def test_a_target_that_names_several_values_is_several() -> None:
    found = parse_targets(
        '[[target]]\ninterval = "acquisition"\nmodality = ["CT", "MR"]\n'
        'priority = ["STAT", "ASAP"]\ndue_min = 20'
    )
    assert [(one.modality, one.priority) for one in found] == [
        ("CT", "STAT"),
        ("CT", "ASAP"),
        ("MR", "STAT"),
        ("MR", "ASAP"),
    ]
    assert {(one.due_s, one.warn_before_s) for one in found} == {(1200, 300)}


def test_who_has_no_priority_is_routine() -> None:
    routine, stat = parse_targets(
        '[[target]]\ninterval = "acquisition"\npriority = ["ROUTINE", "STAT"]\ndue_min = 20'
    )
    exam = known_exam(row(1), 0)
    assert fits(routine, exam)
    assert not fits(stat, exam)


def test_the_first_target_that_fits_counts() -> None:
    event = published(parse_targets(TARGETS), None, "GENERAL", MORNING)
    assert event is not None
    version = version_of(event)
    stat, routine = (known_exam(row(1, priority=priority), 0) for priority in ("STAT", None))
    found = [version.target("report_turnaround", exam) for exam in (stat, routine)]
    assert [one and one.due_s for one in found] == [3600, 14_400]
    assert version.target("acquisition", stat) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "expected [[target]] tables"),
        ("target = 3", "expected [[target]] tables"),
        ("[[target]", "no TOML"),
        ("target = [1]", "target 1 is a [[target]] table"),
        ("[[target]]\ndue_min = 5", "interval is one of report_turnaround"),
        ("[[target]]\ninterval = []\ndue_min = 5", "interval is one of"),
        ('[[target]]\ninterval = "acquisition"', "due_min is a number"),
        ('[[target]]\ninterval = "acquisition"\ndue_min = true', "due_min is a number"),
        ('[[target]]\ninterval = "acquisition"\ndue_min = 0', "due_min is above 0"),
        (
            '[[target]]\ninterval = "acquisition"\ndue_min = 5\nwarn_before_min = 5',
            "warn_before_min below it",
        ),
        ('[[target]]\ninterval = "acquisition"\ndue_min = 5\nowner = "x"', "no option owner"),
        ('[[target]]\ninterval = "acquisition"\ndue_min = 5\npriority = "stat"', "priority is one of STAT"),
        ('[[target]]\ninterval = "acquisition"\ndue_min = 5\npatient_class = "X"', "patient_class is one of"),
        ('[[target]]\ninterval = "acquisition"\ndue_min = 5\nmodality = "ct"', "modality is a code"),
        ('[[target]]\ninterval = "acquisition"\ndue_min = 5\nsite = []', "site is a text or a list"),
        (
            '[[target]]\ninterval = "acquisition"\ndue_min = 5\n[[target]]\nmodality = "CT"\n' + _AGAIN,
            "target 2 (acquisition CT) is never reached",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(InvalidTargets) as caught:
        parse_targets(text)
    assert told in str(caught.value)


def test_no_targets_have_to_be_said() -> None:
    assert parse_targets("target = []") == ()


def test_the_default_is_valid() -> None:
    assert len(parse_targets(DEFAULT.read_text("utf-8"))) == 9


def test_how_a_file_looks_makes_no_version_and_what_it_says_does() -> None:
    targets = parse_targets(TARGETS)
    event = published(targets, None, "GENERAL", MORNING)
    assert event is not None
    same = parse_targets("# a remark\n" + TARGETS.replace("due_min = 60", "due_min = 60.0"))
    assert published(same, version_of(event), "GENERAL", MORNING) is None
    other = parse_targets(TARGETS.replace("due_min = 60", "due_min = 61"))
    following = published(other, version_of(event), "GENERAL", MORNING)
    assert following is not None
    assert following.follows == event.envelope.event_id
    assert following.targets_sha256 == content_hash(other) != event.targets_sha256


def test_targets_said_by_the_walls_clock_count_from_now_in_a_department_that_is_behind() -> None:
    targets = parse_targets(TARGETS)
    by_the_wall = published(targets, None, "GENERAL", MORNING + timedelta(days=3))
    assert by_the_wall is not None
    again = published(targets, version_of(by_the_wall), "GENERAL", MORNING)
    assert again is not None
    assert (again.follows, again.envelope.occurred_at) == (by_the_wall.envelope.event_id, MORNING)
    assert published(targets, version_of(again), "GENERAL", MORNING) is None
    exam, start_us = known_exam(row(1), 0), to_us(MORNING) + 60_000_000
    for order in ((by_the_wall, again), (again, by_the_wall)):
        versions = Versions(version_of(one) for one in order)
        judging = versions.judging(start_us, start_us + 1)
        assert judging is not None
        assert judging.target("report_turnaround", exam)
        assert (judging, versions.latest) == (version_of(again), version_of(again))


def test_targets_that_change_in_a_department_that_is_behind_stay_changed() -> None:
    """Also when the instant comes at which the earlier ones were said by the wall's clock."""
    wall, now = MORNING + timedelta(days=3), MORNING
    versions, said = Versions(), (TARGETS, TARGETS, TARGETS.replace("due_min = 60", "due_min = 61"))
    for text, at in zip(said, (wall, now, now + timedelta(hours=1)), strict=True):
        event = published(parse_targets(text), versions.latest, "GENERAL", at)
        assert event is not None
        versions.add(version_of(event))
    changed = versions.latest
    assert changed is not None
    assert changed.targets_sha256 == content_hash(parse_targets(said[-1]))
    assert versions.judging(to_us(wall + timedelta(days=1)), None) == changed


def test_a_file_is_read_when_it_has_changed_and_come_to_rest(tmp_path: Path) -> None:
    path = tmp_path / "targets.toml"
    path.write_text(TARGETS)
    watched = WatchedTargets(path)
    assert len(watched.read()) == 3
    assert watched.changed() is None
    path.write_text("target = []")
    assert watched.changed() is None, "an editor may be at it"
    assert watched.changed() == ()
    assert watched.changed() is None


def test_a_mistake_in_a_changed_file_leaves_in_force_what_was(tmp_path: Path) -> None:
    path = tmp_path / "targets.toml"
    path.write_text(TARGETS)
    watched = WatchedTargets(path)
    watched.read()
    path.write_text("target = 3")
    assert [watched.changed() for _ in range(3)] == [None, None, None]
    path.unlink()
    assert watched.changed() is None
    path.write_text(TARGETS)
    os.utime(path, ns=(1, 1))
    watched.changed()
    assert len(watched.changed() or ()) == 3


def test_a_file_that_is_not_there_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(InvalidTargets, match="cannot be read"):
        WatchedTargets(tmp_path / "targets.toml").read()


def test_the_command_says_whether_a_file_will_do(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text(TARGETS)
    bad.write_text("target = 3")
    runner = CliRunner()
    app = build_app("targets")
    answer = runner.invoke(app, ["targets", "check", str(good), "--json"])
    document = json.loads(answer.stdout)
    assert (answer.exit_code, document["valid"], len(document["targets"])) == (0, True, 3)
    assert document["targets_sha256"] == content_hash(parse_targets(TARGETS))
    assert "report_turnaround" in runner.invoke(app, ["targets", "check", str(good)]).stdout
    refused = runner.invoke(app, ["targets", "check", str(bad), "--json"])
    assert refused.exit_code == 1
    assert "expected [[target]] tables" in json.loads(refused.stdout)["error"]


def test_a_version_without_a_name_follows_nothing() -> None:
    """So are the targets of a file judged by where none was ever published: they are no event."""
    of_file = Version(0, "", "digest", ())
    assert Versions([of_file]).judging(1, None) == of_file
