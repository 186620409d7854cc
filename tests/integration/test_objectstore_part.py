"""The real object store as a supervised part: what it acknowledged outlives kill -9 and restarts."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from minio import Minio
from minio.error import S3Error

from runtime.local.objectstore import (
    ObjectStoreConfig,
    ObjectStorePorts,
    ensure_bucket,
    minio_client,
    object_store_part,
)
from runtime.stack.errors import ObjectStoreError
from runtime.stack.events import EventKind, StackEvent
from runtime.stack.secrets import read_or_create
from runtime.stack.supervisor import Supervisor

pytestmark = pytest.mark.stack


@pytest.fixture
def config(tmp_path: Path) -> ObjectStoreConfig:
    return ObjectStoreConfig(
        data=tmp_path,
        ports=ObjectStorePorts.allocate(),
        access_key=read_or_create(tmp_path, "s3_access_key"),
        secret_key=read_or_create(tmp_path, "s3_secret_key"),
    )


def run(config: ObjectStoreConfig, body: Callable[[Supervisor, list[StackEvent]], Awaitable[None]]) -> None:
    """Runs `body` while the store is up."""
    events: list[StackEvent] = []

    async def main() -> None:
        async with Supervisor(config.data, events.append) as supervisor:
            await supervisor.start([object_store_part(config)])
            await body(supervisor, events)

    asyncio.run(main())


def put(client: Minio, name: str, content: bytes) -> None:
    client.put_object("images", name, io.BytesIO(content), len(content))


def get(client: Minio, name: str) -> bytes:
    response = client.get_object("images", name)
    try:
        return response.read()
    finally:
        response.close()
        response.release_conn()


def get_in_time(client: Minio, key: str, within_s: float = 15.0) -> bytes:
    """The object, asked for again while the store says "please try again", as just after its start."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            return get(client, key)
        except S3Error as error:
            if error.code != "InternalError" or time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def test_acknowledged_objects_outlive_kill_9_of_the_store(config: ObjectStoreConfig) -> None:
    content = os.urandom(600_000)

    async def body(supervisor: Supervisor, events: list[StackEvent]) -> None:
        client = minio_client(config)
        assert ensure_bucket(client, "images")
        for number in range(20):
            put(client, f"{number}.dcm", content)
        pid = supervisor.state.parts["objectstore"].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 60
        while [event.kind for event in events].count(EventKind.READY) < 2:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        assert all(get_in_time(client, f"{number}.dcm") == content for number in range(20))
        put(client, "after.dcm", content)

    run(config, body)


def test_objects_are_kept_over_a_restart_on_other_ports(config: ObjectStoreConfig) -> None:
    async def write(_supervisor: Supervisor, _events: list[StackEvent]) -> None:
        ensure_bucket(minio_client(config), "images")
        put(minio_client(config), "kept.dcm", b"kept")

    run(config, write)
    moved = replace(config, ports=ObjectStorePorts.allocate())

    async def read(_supervisor: Supervisor, _events: list[StackEvent]) -> None:
        assert not ensure_bucket(minio_client(moved), "images")
        assert get(minio_client(moved), "kept.dcm") == b"kept"
        put(minio_client(moved), "more.dcm", b"more")
        assert get(minio_client(moved), "more.dcm") == b"more"

    run(moved, read)


def test_only_the_generated_key_pair_opens_the_store_and_no_bucket_appears_by_itself(
    config: ObjectStoreConfig,
) -> None:
    async def body(_supervisor: Supervisor, _events: list[StackEvent]) -> None:
        stranger = minio_client(replace(config, secret_key="wrong"))
        with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
            stranger.list_buckets()
        with pytest.raises(ObjectStoreError, match="RADSTREAM_S3_ACCESS_KEY"):
            ensure_bucket(stranger, "images")
        with pytest.raises(S3Error, match="NoSuchBucket"):
            put(minio_client(config), "x", b"x")

    run(config, body)
    logs = config.data / "logs"
    written = b"".join(path.read_bytes() for path in logs.rglob("*") if path.is_file())
    assert config.secret_key.encode() not in written


def test_the_store_listens_on_loopback_alone_and_stops_quickly(config: ObjectStoreConfig) -> None:
    async def body(supervisor: Supervisor, _events: list[StackEvent]) -> None:
        pid = supervisor.state.parts["objectstore"].pid
        listening = await asyncio.to_thread(listeners, pid)
        assert f"127.0.0.1:{config.ports.s3}" in listening
        assert all(address.startswith("127.0.0.1:") for address in listening)
        began = time.monotonic()
        await supervisor.stop()
        assert time.monotonic() - began < 30.0

    run(config, body)


def listeners(pid: int | None) -> list[str]:
    connections = psutil.Process(pid).net_connections("inet")
    return [
        f"{connection.laddr[0]}:{connection.laddr[1]}"
        for connection in connections
        if connection.status == psutil.CONN_LISTEN and connection.laddr
    ]
