"""The real broker as a supervised part: what it acknowledged outlives kill -9 and restarts."""

from __future__ import annotations

import asyncio
import os
import signal
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from runtime.local.kafka.config import KafkaConfig, KafkaInstallation
from runtime.local.kafka.install import InstallConfig, install_kafka
from runtime.local.kafka.part import kafka_part
from runtime.settings import Settings
from runtime.stack.errors import KafkaDataError, PartFailed, TopicError
from runtime.stack.events import EventKind, StackEvent
from runtime.stack.ports import allocate_free_ports
from runtime.stack.supervisor import Supervisor
from runtime.stack.topics import create_topics

pytestmark = pytest.mark.stack


@dataclass(frozen=True)
class Topic:
    """A topic as `create_topics` takes it."""

    name: str
    partitions: int
    config: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def installation() -> KafkaInstallation:
    settings = Settings()
    return install_kafka(
        InstallConfig(cache=settings.cache, maven_url=settings.maven_url, java_home=settings.java_home)
    )


@pytest.fixture
def config(installation: KafkaInstallation, tmp_path: Path) -> KafkaConfig:
    port, controller_port = allocate_free_ports(2)
    return KafkaConfig(
        installation=installation, data=tmp_path, port=port, controller_port=controller_port, heap_mb=256
    )


def run(config: KafkaConfig, body: Callable[[Supervisor, list[StackEvent]], Awaitable[None]]) -> None:
    """Runs `body` while the broker is up."""
    events: list[StackEvent] = []

    async def main() -> None:
        async with Supervisor(config.data, events.append) as supervisor:
            await supervisor.start([kafka_part(config)])
            await body(supervisor, events)

    asyncio.run(main())


async def produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    """Returns once every value is acknowledged."""
    outcomes: list[object] = []
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True})
    for value in values:
        producer.produce(topic, value, on_delivery=lambda error, _message: outcomes.append(error))
    assert await asyncio.to_thread(producer.flush, 30) == 0
    assert outcomes == [None] * len(values)


def consume(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    values: list[bytes] = []
    deadline = time.monotonic() + 60
    try:
        while len(values) < count and time.monotonic() < deadline:
            message = consumer.poll(1.0)
            if message is not None and message.error() is None:
                values.append(message.value() or b"")
    finally:
        consumer.close()
    return values


def test_acknowledged_messages_outlive_kill_9_of_the_broker(config: KafkaConfig) -> None:
    values = [str(number).encode() for number in range(500)]

    async def body(supervisor: Supervisor, events: list[StackEvent]) -> None:
        create_topics(config.bootstrap, [Topic("exams", 1)])
        await produce(config.bootstrap, "exams", values)
        pid = supervisor.state.parts["kafka"].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 60
        while [event.kind for event in events].count(EventKind.READY) < 2:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        assert await asyncio.to_thread(consume, config.bootstrap, "exams", 500) == values
        await produce(config.bootstrap, "exams", [b"after"])

    run(config, body)


def test_data_is_kept_over_a_restart_on_other_ports(config: KafkaConfig) -> None:
    async def write(_supervisor: Supervisor, _events: list[StackEvent]) -> None:
        create_topics(config.bootstrap, [Topic("exams", 2)])
        await produce(config.bootstrap, "exams", [b"kept"])

    run(config, write)
    port, controller_port = allocate_free_ports(2)
    moved = replace(config, port=port, controller_port=controller_port)

    async def read(_supervisor: Supervisor, _events: list[StackEvent]) -> None:
        assert await asyncio.to_thread(consume, moved.bootstrap, "exams", 1) == [b"kept"]

    run(moved, read)


def test_topics_are_created_once_with_their_configuration_and_never_by_use(config: KafkaConfig) -> None:
    async def body(_supervisor: Supervisor, _events: list[StackEvent]) -> None:
        specs = [Topic("a", 3, {"cleanup.policy": "compact"}), Topic("b", 1)]
        assert create_topics(config.bootstrap, specs) == ["a", "b"]
        assert create_topics(config.bootstrap, specs) == []
        with pytest.raises(TopicError, match=r"topic a on .* has 3 partitions, 4 are configured"):
            create_topics(config.bootstrap, [Topic("a", 4)])
        with pytest.raises(TopicError, match="cannot create topic c"):
            create_topics(config.bootstrap, [Topic("c", 1, {"no.such.setting": "1"})])
        producer = Producer({"bootstrap.servers": config.bootstrap, "message.timeout.ms": 3000})
        errors: list[object] = []
        producer.produce("never-created", b"x", on_delivery=lambda error, _message: errors.append(error))
        await asyncio.to_thread(producer.flush, 10)
        assert len(errors) == 1
        assert errors[0] is not None
        admin = AdminClient({"bootstrap.servers": config.bootstrap})
        assert "never-created" not in admin.list_topics(timeout=60).topics

    run(config, body)


def test_a_data_directory_may_have_spaces_and_letters_of_any_script(config: KafkaConfig) -> None:
    async def body(_supervisor: Supervisor, _events: list[StackEvent]) -> None:
        create_topics(config.bootstrap, [Topic("exams", 1)])
        await produce(config.bootstrap, "exams", [b"x"])

    run(replace(config, data=config.data / "Röntgen daten 放射線"), body)


def test_a_directory_formatted_from_the_kept_snapshot_is_what_kafkas_tool_formats(
    config: KafkaConfig,
) -> None:
    jars = config.data / "jars"
    jars.mkdir()
    for jar in config.installation.jars:
        (jars / jar.name).symlink_to(jar)
    program = replace(config.installation, jars=tuple(jars / jar.name for jar in config.installation.jars))
    formatted = []
    for name in ("by the tool", "from what it left"):
        log = replace(config, installation=program, data=config.data / name)
        kafka_part(log).prepare()
        files = {path.relative_to(log.log_directory) for path in log.log_directory.rglob("*")}
        lines = (log.log_directory / "meta.properties").read_text().splitlines()
        keys = {line.partition("=")[0] for line in lines if not line.startswith("#")}
        formatted.append((files, keys))
    assert formatted[0] == formatted[1]
    assert (jars / "formatted.checkpoint").is_file()


def test_a_data_directory_with_a_comma_is_refused(config: KafkaConfig) -> None:
    with pytest.raises(KafkaDataError, match="without commas"):
        kafka_part(replace(config, data=config.data / "a,b")).prepare()


def damage_meta(log: Path) -> None:
    (log / "meta.properties").write_bytes(b"\x00\xffgarbage")


def remove_meta(log: Path) -> None:
    (log / "meta.properties").unlink()


def swap_cluster(log: Path) -> None:
    meta = log / "meta.properties"
    lines = meta.read_text().splitlines()
    meta.write_text("\n".join("cluster.id=other" if "cluster.id" in line else line for line in lines))


@pytest.mark.parametrize(
    ("damage", "words"),
    [(damage_meta, "unreadable"), (remove_meta, "missing"), (swap_cluster, "belongs to cluster other")],
)
def test_a_damaged_data_directory_is_an_error_that_says_what_to_do_and_wipes_nothing(
    config: KafkaConfig, damage: Callable[[Path], None], words: str
) -> None:
    kafka_part(config).prepare()
    damage(config.log_directory)
    before = sorted(config.log_directory.rglob("*"))
    with pytest.raises(KafkaDataError, match=f"(?s){words}.*restore .* from a backup, or move it away"):
        kafka_part(config).prepare()
    assert sorted(config.log_directory.rglob("*")) == before


def test_a_format_that_was_cut_short_is_done_again(config: KafkaConfig) -> None:
    half = config.directory / "log.new" / "__cluster_metadata-0"
    half.mkdir(parents=True)
    kafka_part(config).prepare()
    assert (config.log_directory / "meta.properties").is_file()
    assert not half.exists()


def test_a_broker_that_cannot_start_ends_in_an_error_with_its_log(config: KafkaConfig) -> None:
    async def never(_supervisor: Supervisor, _events: list[StackEvent]) -> None:
        pytest.fail("it started")

    with pytest.raises(PartFailed, match=r"(?s)kafka died 5 times.*heap"):
        run(replace(config, heap_mb=1), never)
