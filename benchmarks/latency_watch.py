"""What a page and subscribers of the topics see, each message with the moment at which it came."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

from confluent_kafka import OFFSET_END, Consumer, TopicPartition

_PATIENCE_S = 20.0

Arrived = list[tuple[float, bytes]]
"""When something came, and what."""


@contextmanager
def board_frames(url: str, token: str) -> Iterator[Arrived]:
    """The frames of the stream of server-sent events, as they end; `token` opens it."""
    frames: Arrived = []
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    connection.request("GET", "/api/stream", headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    began = threading.Event()

    def read() -> None:
        data = b""
        try:
            while line := answer.readline():
                if line.startswith(b"data:"):
                    data = line[5:]
                elif line == b"\n":
                    frames.append((time.perf_counter(), data))
                    began.set()
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            return  # closed below

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    began.wait(_PATIENCE_S)
    try:
        yield frames
    finally:
        if connection.sock is not None:
            connection.sock.shutdown(2)
        reader.join(5)
        connection.close()


@contextmanager
def topic_values(bootstrap: str, topic: str) -> Iterator[Arrived]:
    """The values of a topic from now on."""
    values: Arrived = []
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": str(uuid4()), "enable.auto.commit": False}
    )
    partitions = consumer.list_topics(topic, 10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, OFFSET_END) for number in partitions])
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            found = consumer.poll(0.1)
            if found is not None and found.error() is None:
                values.append((time.perf_counter(), bytes(found.value() or b"")))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    time.sleep(1)  # librdkafka asks for the end of each partition first
    try:
        yield values
    finally:
        stop.set()
        reader.join()
        consumer.close()
