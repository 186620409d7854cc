"""Kafka goes while the board is shown, and comes back: the board is stale meanwhile, never empty."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Producer
from playwright.sync_api import expect

from dashboards.feeds import worklist_crossing, worklist_feed
from dashboards.patients import Patients
from runtime.local.kafka.config import KafkaConfig
from runtime.local.kafka.install import InstallConfig, install_kafka
from runtime.local.kafka.part import kafka_part
from runtime.settings import Settings
from runtime.stack.ports import allocate_free_ports
from runtime.stack.supervisor import Supervisor
from runtime.stack.topics import create_topics
from schemas.codec import CLASS_BY_NAME, Codec
from schemas.contracts import self_contained
from schemas.topics import WORKLIST, TopicSpec
from schemas.views import WorklistRow
from tests.browser import browser
from tests.dashboard_rows import row
from tests.served_board import served_board

pytestmark = [pytest.mark.stack, pytest.mark.browser]

PATIENCE_MS = 30_000
_NAMES = tuple(CLASS_BY_NAME)
# The registry's part, played by the list of names: what is away in this test is Kafka alone.
CODEC = Codec(
    {name: number for number, name in enumerate(_NAMES)},
    lambda schema_id: json.dumps(self_contained(_NAMES[schema_id])),
)


@pytest.fixture
def kafka(tmp_path: Path) -> KafkaConfig:
    settings = Settings()
    installation = install_kafka(
        InstallConfig(cache=settings.cache, maven_url=settings.maven_url, java_home=settings.java_home)
    )
    port, controller_port = allocate_free_ports(2)
    return KafkaConfig(
        installation=installation, data=tmp_path, port=port, controller_port=controller_port, heap_mb=256
    )


@contextmanager
def running(kafka: KafkaConfig, body: Callable[[], None] = lambda: None) -> Iterator[None]:
    """The real broker, until the block ends; `body` is called when it is up."""
    up, end = threading.Event(), threading.Event()

    async def main() -> None:
        async with Supervisor(kafka.data, lambda _event: None) as supervisor:
            await supervisor.start([kafka_part(kafka)])
            body()
            up.set()
            await asyncio.to_thread(end.wait)

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    try:
        assert up.wait(90)
        yield
    finally:
        end.set()
        thread.join(30)


def publish(kafka: KafkaConfig, *rows: WorklistRow) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "acks": "all"})
    for item in rows:
        producer.produce(WORKLIST, CODEC.encode(item), key=item.exam_id)
    assert producer.flush(30) == 0


def test_the_board_is_stale_while_kafka_is_away_and_goes_on_when_it_is_back(kafka: KafkaConfig) -> None:
    def create() -> None:
        create_topics(kafka.bootstrap, [TopicSpec(WORKLIST, 1, {"cleanup.policy": "compact"})])

    with served_board() as served, browser() as chromium:
        feed = worklist_feed(
            kafka.bootstrap,
            lambda: CODEC,
            worklist_crossing(served.loop, served.live, Patients(None).prepare),
        )
        page = chromium.new_page()
        served.sign_in(page.context)
        page.goto(served.url)
        expect(page.locator("#link")).to_have_text("Connecting to Kafka")
        feed.start()
        with running(kafka, create):
            publish(kafka, row(1), row(2, "arrived"))
            expect(page.locator("#link")).to_have_text("Live", timeout=PATIENCE_MS)
            expect(page.locator(".card")).to_have_count(2)
        expect(page.locator("#link")).to_contain_text("Stale", timeout=PATIENCE_MS)
        expect(page.get_by_role("alert")).to_contain_text("the board stands as it was")
        expect(page.locator(".card")).to_have_count(2)
        with running(kafka):
            expect(page.locator("#link")).to_have_text("Live", timeout=PATIENCE_MS)
            publish(kafka, row(1, "final"))
            card = page.locator('[data-stage="final"] .card')
            expect(card).to_have_count(1, timeout=PATIENCE_MS)
            feed.stop(10)
