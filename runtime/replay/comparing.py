"""A generation beside what is live: in ClickHouse, and in the topics that the boards read."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence, Set
from contextlib import closing
from dataclasses import dataclass, field

from clickhouse_connect.driver.client import Client

from processors.alerts.fold_progress import FoldProgress
from processors.rebuild.config import TOPIC_OF_VIEW, RebuildFailed
from processors.rebuild.partition import PartitionRebuild
from runtime.lag import SINK_GROUP, read_progress
from runtime.replay.filling import Filling
from runtime.replay.generation import Generation
from runtime.replay.settling import Look, settled
from runtime.replay.swapping import said_since
from schemas.topics import FOLD_CHANGELOG
from sinks.archive.names import Place
from sinks.clickhouse.batch import exam_id_of
from sinks.clickhouse.generations.comparison import Differing, compare, count, fields

_PAUSE_S, _AGAIN_S = 1.0, 0.2
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An exam that differs, and in which columns or intervals, or where."""

    view: str
    exam: str
    fields: Sequence[str]


@dataclass(slots=True, kw_only=True)
class Comparison:
    """exams: in the generation, by view. places: by live table or topic, what differs. changing: exams that
    changed whenever they were looked at. named: the first few that differ.
    """

    exams: dict[str, int] = field(default_factory=dict)
    places: dict[str, Differing] = field(default_factory=dict)
    changing: int = 0
    named: list[Named] = field(default_factory=list)

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs."""
        return not any(found.exams() for found in self.places.values())


class Comparing:
    """Compares one generation."""

    def __init__(
        self,
        generation: Generation,
        parts: Sequence[PartitionRebuild],
        client: Client,
        *,
        bootstrap: str,
        wait_s: float,
    ) -> None:
        """wait_s: how long the live views may take to be where the generation is."""
        self._generation = generation
        self._parts = parts
        self._client = client
        self._bootstrap = bootstrap
        self._wait_s = wait_s
        self._topics = tuple(TOPIC_OF_VIEW[view] for view in generation.views)
        self._places: dict[str, Differing] = {}

    def of_all(self, filling: Filling) -> Comparison:
        """Compare, while all goes on. Raises RebuildFailed, SinkError, KafkaException, the driver's error."""

        def look(among: Set[str] | None) -> Look:
            moved = {key.decode(errors="replace") for key in filling.go_on()}
            self._await_live()
            self._places = self._in_kafka(None if among is None else among | moved)
            self._places |= self._in_tables(only_its_exams=False)
            return Look(moved, frozenset().union(*(found.exams() for found in self._places.values())))

        found = settled(look, lambda: time.sleep(_PAUSE_S))
        return self._comparison(found.differing, len(found.changing))

    def of_tables(self) -> Comparison:
        """Compare the tables alone; exams that were told of since they were made may differ, and are counted.

        Raises RebuildFailed, ArchiveUnavailable, KafkaException, the driver's error.
        """
        self._await_live()
        self._places = self._in_tables(only_its_exams=False)
        moved = {
            exam_id_of(message)
            for topic, ends in self._generation.ends.items()
            for partition, end in ends.items()
            for messages in said_since(self._bootstrap, Place(topic, partition), end)
            for message in messages
        }
        differing = frozenset[str]().union(*(found.exams() for found in self._places.values()))
        return self._comparison(differing - moved, len(differing & moved))

    def of_a_part(self, *, only_its_exams: bool) -> Comparison:
        """Compare what was made from a part of history with the live tables. Raises the driver's error."""
        self._places = self._in_tables(only_its_exams=only_its_exams)
        exams = frozenset[str]().union(*(found.exams() for found in self._places.values()))
        return self._comparison(exams, 0)

    def _in_tables(self, *, only_its_exams: bool) -> dict[str, Differing]:
        found: dict[str, Differing] = {}
        for topic in self._topics:
            found |= compare(self._client, topic, self._generation.number, only_its_exams=only_its_exams)
        return found

    def _in_kafka(self, among: Collection[str] | None) -> dict[str, Differing]:
        topics = (FOLD_CHANGELOG, *self._topics)
        found = {topic: Differing() for topic in topics}
        for part in self._parts:
            part.look_on()
            keys = part.all_keys() if among is None else (exam.encode() for exam in sorted(among))
            for one in part.differences(keys, topics):
                there = part.shelf.seen(one.topic, one.key) is not None
                kind = "surplus" if one.value is None else "differ" if there else "missing"
                getattr(found[one.topic], kind).add(one.key.decode(errors="replace"))
        return found

    def _comparison(self, differing: Set[str], changing: int) -> Comparison:
        kept = {place: _only(found, differing) for place, found in self._places.items()}
        made = Comparison(places=kept, changing=changing)
        first = sorted(differing)[:_NAMED]
        for view, topic in zip(self._generation.views, self._topics, strict=True):
            number = self._generation.number
            made.exams[view] = count(self._client, topic, number)
            for exam, names in fields(self._client, topic, number, first):
                topics = (one for one in (topic, FOLD_CHANGELOG) if one in kept)
                where = [one for one in topics if exam in kept[one].exams()]
                if names or where:
                    made.named.append(Named(view=view, exam=exam, fields=names or where))
        return made

    def _await_live(self) -> None:
        """Return when fold and sink have done what the log has now. Raises RebuildFailed, KafkaException."""
        until_s = time.monotonic() + self._wait_s
        with closing(FoldProgress(self._bootstrap)) as fold:
            while not fold.is_there():
                self._wait_until(until_s, "the fold is behind the log")
        ends = {
            (one.topic, one.partition): one.end
            for one in read_progress(self._bootstrap, SINK_GROUP, self._topics)
        }
        while any(
            one.next_offset < ends[one.topic, one.partition]
            for one in read_progress(self._bootstrap, SINK_GROUP, self._topics)
        ):
            self._wait_until(until_s, "the sink is behind the views")

    def _wait_until(self, until_s: float, what: str) -> None:
        if time.monotonic() > until_s:
            raise RebuildFailed(
                f"{what}, so it cannot be compared: see `radstream status`, wait until the lag is 0, then "
                "run the same command again; it goes on where it is"
            )
        time.sleep(_AGAIN_S)


def _only(found: Differing, exams: Set[str]) -> Differing:
    return Differing(found.differ & exams, found.missing & exams, found.surplus & exams)
