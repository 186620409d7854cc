"""Columns of where in Kafka a row came from, and of which row wins where two say the same."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

import numpy as np
import pyarrow as pa

from sinks.clickhouse.columns import Column

MAX_VERSION = 2**64 - 1
PLACE: Sequence[Column] = (
    Column(
        "kafka_topic",
        "LowCardinality(String)",
        pa.string(),
        attrgetter("topic"),
        lambda alike: pa.repeat(alike.origin.topic, len(alike)),
    ),
    Column(
        "kafka_partition",
        "UInt16",
        pa.uint16(),
        attrgetter("partition"),
        lambda alike: pa.array(alike.origin.partitions).cast(pa.uint16()),
    ),
    Column(
        "kafka_offset",
        "UInt64",
        pa.uint64(),
        attrgetter("offset"),
        lambda alike: pa.array(alike.origin.offsets).cast(pa.uint64()),
    ),
)
FIRST_WINS = Column(
    "version",
    "UInt64",
    pa.uint64(),
    lambda placed: MAX_VERSION - placed.offset,
    lambda alike: pa.array(np.uint64(MAX_VERSION) - alike.origin.offsets.astype(np.uint64)),
)
LAST_WINS = Column(
    "version",
    "UInt64",
    pa.uint64(),
    attrgetter("offset"),
    lambda alike: pa.array(alike.origin.offsets).cast(pa.uint64()),
)
