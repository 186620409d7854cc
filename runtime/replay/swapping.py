"""A generation in the place of what is live: tables exchanged, topics mended. Each step may be repeated.

Whoever reads a table sees the one or the other. What the sink wrote to the one that is no longer live stands
in the views' topics, from the offset on up to which the generation knows all: it is delivered again. The
boards read these topics; only the exams that differ are said there anew, so no page is ever blank.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial

from clickhouse_connect.driver.client import Client

from processors.rebuild.config import TOPIC_OF_VIEW, RebuildConfig
from processors.rebuild.event_log import EventLog
from processors.rebuild.service import Rebuilder
from runtime.installation import Installation
from runtime.rebuilding import room_made
from runtime.replay.generation import Generation
from runtime.stack.state import StackState
from schemas.codec import Codec
from schemas.topics import FOLD_CHANGELOG, TURNAROUND
from sinks.archive.log_reader import LogReader
from sinks.archive.names import Place
from sinks.clickhouse.generations.comparison import compare
from sinks.clickhouse.generations.filling import deliver_again
from sinks.clickhouse.generations.hours import touch_hours
from sinks.clickhouse.generations.tables import exchange
from sinks.clickhouse.messages import Message
from sinks.history.reading import from_kafka

Tell = Callable[[str, int, int], None]
_GROUP = "radstream-replay"


def swap_tables(
    client: Client, codec: Codec, generation: Generation, *, bootstrap: str, cluster: str | None
) -> None:
    """Exchange the tables, and bring what came meanwhile to those that are live now.

    Raises SinkError, ArchiveUnavailable, the driver's error: then it is to be repeated.
    """
    topics = [TOPIC_OF_VIEW[view] for view in generation.views]
    mark = f"generation-{generation.number}"
    for topic in topics:
        exchange(client, topic, generation.number, generation.uuids, cluster)
        for partition, start in generation.ends[topic].items():
            deliver_again(client, codec, said_since(bootstrap, Place(topic, partition), start), mark)
    if TURNAROUND in topics:
        found = compare(client, TURNAROUND, generation.number, only_its_exams=False)["turnaround"]
        touch_hours(client, generation.number, found.exams())


def mend_topics(
    installation: Installation,
    state: StackState | None,
    codec: Codec,
    generation: Generation,
    log: EventLog,
    *,
    config: RebuildConfig,
    wait_s: float,
    tell: Tell,
) -> None:
    """Say anew what the topics of the views, and the fold's own states, have otherwise. Raises RebuildFailed.

    The fold's workers make room for some seconds.
    """
    topics = [FOLD_CHANGELOG, *(TOPIC_OF_VIEW[view] for view in generation.views)]
    rebuilder = Rebuilder(config, codec, topics, tell=tell, log=log)
    with room_made(installation) as make_room:
        rebuilder.run(wait_s, partial(make_room, state))


def said_since(bootstrap: str, place: Place, start: int) -> Iterator[Sequence[Message]]:
    """What a topic of a view has from an offset on, as the sink takes it."""
    with closing(LogReader(bootstrap, _GROUP, tells_ends=True)) as reader:
        low, end = reader.bounds(place)
        for messages in from_kafka(reader, place, max(low, start), end):
            yield [Message(*place, one.offset, one.value, one.key) for one in messages]
