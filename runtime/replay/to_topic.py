"""History to a topic of a system that lost its data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from runtime.accesses import export_of
from runtime.history import history_of
from runtime.installation import Installation
from runtime.saying import publisher_of
from runtime.stack.topics import create_topics
from schemas.registry import connect_codec
from schemas.topics import TopicSpec, topic_specs
from sinks.republishing.replaying import TopicReplay, Wanted
from sinks.republishing.run import Run, RunFile
from sinks.republishing.target import require_foreign

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What was done: the run, and whether it went on with one that had stopped."""

    run: Run
    went_on: bool


@dataclass(frozen=True, slots=True)
class ToTopic:
    """What is asked for. create: make the topic where there is none."""

    wanted: Wanted
    create: bool = False
    tell: Tell = field(default=lambda *_: None)


def replay_to_topic(installation: Installation, asked: ToTopic) -> Replayed:
    """Write what is not written yet; that it is exported is said in the log before.

    Raises ReplayError, ArchiveError, SchemaError, StackError, PublishFailed, ValueError.
    """
    wanted = asked.wanted
    require_foreign(wanted.target)
    file = run_file(installation, wanted.target)
    with file.held(), history_of(installation) as history:
        if asked.create:
            create_topics(installation.kafka_bootstrap, [_like(installation, wanted)])
        with publisher_of(installation, "radstream-replay") as publisher:
            what = f"replay of {wanted.source} to the topic {wanted.target}"
            publisher.publish([export_of(installation, what, by="replay", now=installation.now()())])
        codec = connect_codec(installation.registry_url)
        replay = TopicReplay(installation.kafka_bootstrap, history, codec, file, tell=asked.tell)
        return Replayed(*replay.replay(wanted))


def give_up(installation: Installation, target: str) -> bool:
    """Forget a replay that was not finished; whether there was one. Raises ReplayRefused."""
    require_foreign(target)
    file = run_file(installation, target)
    with file.held():
        was_there = file.exists()
        file.remove()
    return was_there


def run_file(installation: Installation, target: str) -> RunFile:
    """Where a replay to `target` is noted."""
    return RunFile(installation.data / "replay" / "topics", target)


def _like(installation: Installation, wanted: Wanted) -> TopicSpec:
    """A topic with as many partitions as the source has, kept for ever."""
    specs = {spec.name: spec for spec in topic_specs(installation.settings.kafka_partitions)}
    source = specs[wanted.source]
    return TopicSpec(wanted.target, source.partitions, source.config)
