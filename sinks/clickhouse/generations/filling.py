"""Rows of a view into a generation's table, made as the sink makes them of the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from schemas.codec import Codec
from sinks.clickhouse.batch import exam_id_of, insert_token
from sinks.clickhouse.conversion import Conversion
from sinks.clickhouse.errors import DataRefused
from sinks.clickhouse.generations.tables import TABLES_OF_TOPIC, name_in
from sinks.clickhouse.inserting import INSERT_SETTINGS, ClickHouseInserter
from sinks.clickhouse.messages import Message, messages_of
from sinks.clickhouse.rows import tables_of

_VERSION = "version"


class GenerationFill:
    """Fills one view's table of one generation."""

    def __init__(self, client: Client, codec: Codec, topic: str, number: int) -> None:
        self._client = client
        self._conversion = Conversion(codec)
        self._topic = topic
        self._table = name_in(TABLES_OF_TOPIC[topic][0], number)

    def put(self, rows: Sequence[tuple[bytes, bytes]], version: int) -> None:
        """Insert rows, each a key and the value that its topic would have; an exam's higher version stays.

        version: offset of the view's topic; the live rows below it tell nothing that these do not know.
        Raises DataRefused, Unavailable, the driver's error.
        """
        messages = [Message(self._topic, 0, place, value, key) for place, (key, value) in enumerate(rows)]
        converted = self._conversion.convert(messages_of(self._topic, messages))
        if converted.rejected:
            raise DataRefused(converted.rejected[0].reason)
        for one in converted.rows:
            arrow = one.arrow
            column = pa.array([version] * len(arrow), pa.uint64())
            versioned = arrow.set_column(arrow.schema.get_field_index(_VERSION), _VERSION, column)
            self._client.insert_arrow(self._table, versioned, settings=dict(INSERT_SETTINGS))


def deliver_again(client: Client, codec: Codec, messages: Iterable[Sequence[Message]], mark: str) -> int:
    """Batches of one topic's messages into the live table, though the sink may have brought them there; how
    many. An exam's highest version stays, so nothing is doubled, and none goes back.

    mark: tells these inserts from the sink's, which it may not repeat after them. Raises Unavailable,
    DataRefused.
    """
    conversion, inserter, count = Conversion(codec), ClickHouseInserter(client), 0
    for some in messages:
        converted = conversion.convert(messages_of(some[0].topic, some))
        for rows in converted.rows:
            inserter.insert(rows.table, rows.arrow, insert_token(mark, rows.origin))
        for removed in converted.removed:
            inserter.remove(tables_of(removed.topic)[0], exam_id_of(removed), removed.offset)
        count += len(some)
    return count
