"""The topics as they are created."""

from __future__ import annotations

import re

import pytest

from processors.config import APP_ID, TABLE_NAME
from schemas import topics
from schemas.events import EVENT_CLASSES, Event

SPECS = {spec.name: spec for spec in topics.topic_specs(6)}


def test_every_topic_that_the_code_names_is_created_and_no_other() -> None:
    named = {value for name, value in vars(topics).items() if name.isupper() and isinstance(value, str)}
    assert set(SPECS) == named


@pytest.mark.parametrize("name", SPECS)
def test_a_topic_name_is_legal_and_does_not_mix_what_metrics_cannot_tell_apart(name: str) -> None:
    """Kafka: at most 249 of these characters; dots and underscores collide in metric names."""
    assert re.fullmatch(r"[a-z0-9.-]{1,249}", name)


def test_the_log_its_views_and_the_changelog_are_co_partitioned() -> None:
    together = [topics.EVENTS, topics.INSTANCES, topics.WORKLIST, topics.TURNAROUND, topics.FOLD_CHANGELOG]
    assert {SPECS[name].partitions for name in together} == {6}


@pytest.mark.parametrize(
    "name",
    [
        topics.EVENTS,
        topics.INSTANCES,
        topics.AUDIT,
        topics.GOVERNANCE,
        topics.TARGETS,
        topics.DEADLETTERS,
    ],
)
def test_what_is_the_truth_is_kept_for_ever(name: str) -> None:
    assert SPECS[name].config["cleanup.policy"] == "delete"
    assert SPECS[name].config["retention.ms"] == "-1"


@pytest.mark.parametrize(
    "name", [topics.WORKLIST, topics.TURNAROUND, topics.ALERTS, topics.DUE, topics.FOLD_CHANGELOG]
)
def test_what_can_be_made_again_is_compacted_and_nothing_else(name: str) -> None:
    """`compact,delete` stalls Faust's recovery."""
    assert SPECS[name].config["cleanup.policy"] == "compact"


def test_the_changelog_is_named_as_faust_derives_it() -> None:
    assert f"{APP_ID}-{TABLE_NAME}-changelog" == topics.FOLD_CHANGELOG


@pytest.mark.parametrize("cls", EVENT_CLASSES, ids=lambda cls: cls.__name__)
def test_every_event_goes_to_a_topic_that_is_created(cls: type[Event]) -> None:
    assert topics.topic_of(cls.AVRO_NAME) in SPECS


def test_only_single_images_accesses_and_targets_leave_the_log_of_exams() -> None:
    """So that an exam costs its fold a handful of events."""
    elsewhere = {cls.__name__ for cls in EVENT_CLASSES if topics.topic_of(cls.AVRO_NAME) != topics.EVENTS}
    decided = {cls.__name__ for cls in EVENT_CLASSES if topics.topic_of(cls.AVRO_NAME) == topics.GOVERNANCE}
    assert {"ErasureConfirmed", "LegalHoldSet", "RetentionApplied"} <= decided
    assert elsewhere - decided == {"InstanceStored", "AccessRecorded", "TargetsPublished"}
