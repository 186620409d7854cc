"""The recipes of docs/subscribing.md, as they stand there, on a running stack."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import types
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from runtime.local.kafka.install import InstallConfig, install_kafka
from runtime.settings import Settings
from runtime.stack.errors import InstallError
from tests.running_stack import RunningStack

pytestmark = pytest.mark.stack
PAGE = (Path(__file__).parents[2] / "docs" / "subscribing.md").read_text("utf-8")
PATIENCE_S = 45.0
EVENTS = "radstream.events.v1"


def _recipe(stack: RunningStack, section: str, language: str, nth: int = 0) -> str:
    """A fenced block of the page, with the addresses of the running stack."""
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    block = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[nth]
    return (
        str(block)
        .replace("127.0.0.1:19092", stack.kafka_bootstrap)
        .replace("http://127.0.0.1:18081", stack.registry_url)
        .replace("/var/lib/radstream", str(stack.data))
    )


def _send_order(stack: RunningStack) -> str:
    """The exam of an order that was sent and acknowledged."""
    accession = f"S{uuid.uuid4().hex[:10]}"
    order = "\r".join(
        [
            f"MSH|^~\\&|RIS|GENERAL|RADSTREAM|GENERAL|20261124081500||ORM^O01|C{accession}|P|2.5.1",
            "PID|1||P4712^^^GENERAL||Subscriber^Vera||19700101|F",
            f"ORC|NW|PL-{accession}|{accession}||SC||||20261124081500",
            f"OBR|1|PL-{accession}|{accession}|CTHEAD^CT head|||||||||||||||{accession}||||||CT",
        ]
    )
    with socket.create_connection(("127.0.0.1", stack.hl7_port), timeout=60) as connection:
        connection.sendall(b"\x0b" + order.encode() + b"\x1c\r")
        assert b"MSA|AA|" in connection.recv(65536)
    return f"GENERAL|{accession}"


@pytest.fixture(scope="module")
def exam_id(stack: RunningStack) -> str:
    """An exam that was ordered before any subscriber started."""
    return _send_order(stack)


def _line_with(command: Sequence[str], text: str, directory: Path) -> str:
    """The first line of a program without end that has `text` in it; the program is then killed."""
    errors = directory / "errors"
    with errors.open("w") as stderr:
        program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
    guard = threading.Timer(PATIENCE_S, program.kill)
    guard.start()
    try:
        assert program.stdout is not None
        found = next((line for line in program.stdout if text in line), None)
    finally:
        guard.cancel()
        program.kill()
        program.wait()
        if program.stdout is not None:
            program.stdout.close()
    assert found is not None, f"nothing of {text} in {PATIENCE_S} s: {errors.read_text()}"
    return found


def test_the_python_recipe_prints_an_order_with_its_accession_number(
    stack: RunningStack, exam_id: str, tmp_path: Path
) -> None:
    program = tmp_path / "subscribe.py"
    program.write_text(_recipe(stack, "Python", "python"), "utf-8")
    accession = exam_id.partition("|")[2]
    line = _line_with([sys.executable, "-u", str(program)], accession, tmp_path)
    ce_type, event_id, accession_number = line.split()
    assert (ce_type, accession_number) == ("radstream.events.OrderPlaced", accession)
    assert uuid.UUID(event_id).version == 5


def test_the_kcat_recipe_prints_orders_and_nothing_else(stack: RunningStack, exam_id: str) -> None:
    assert shutil.which("kcat"), "install kcat: apt-get install kafkacat"
    lines = _lines_of(_recipe(stack, "kcat", "sh"))
    assert any(f" {exam_id} " in line for line in lines)
    assert all("ce_type=radstream.events.OrderPlaced," in line for line in lines)


def test_the_kcat_recipe_starts_at_the_time_it_is_given(stack: RunningStack, exam_id: str) -> None:
    start_ms = time.time_ns() // 1_000_000 + 1
    time.sleep(0.01)
    later = _send_order(stack)
    recipe = _recipe(stack, "kcat", "sh").replace("$(date -d '1 hour ago' +%s000)", str(start_ms))
    printed = "\n".join(_lines_of(recipe))
    assert f" {later} " in printed
    assert exam_id not in printed


def _lines_of(recipe: str) -> list[str]:
    command = ["bash", "-euo", "pipefail", "-c", recipe]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def java() -> list[str]:
    """A Java that runs a source file, with the class path of Kafka's client."""
    settings = Settings()
    try:
        kafka = install_kafka(InstallConfig(cache=settings.cache, java_home=settings.java_home))
    except InstallError as error:
        pytest.skip(str(error))
    program = str(kafka.java.program)
    modules = subprocess.run([program, "--list-modules"], capture_output=True, text=True, check=True).stdout
    if "jdk.compiler" not in modules:
        pytest.skip(f"{program} has no compiler: a single-file program needs a JDK")
    return [program, "-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", f"{kafka.jars[0].parent}/*"]


def test_the_java_recipe_prints_an_order_with_its_key(
    stack: RunningStack, exam_id: str, java: list[str], tmp_path: Path
) -> None:
    source = tmp_path / "Subscribe.java"
    source.write_text(_recipe(stack, "Java", "java"), "utf-8")
    line = _line_with([*java, str(source)], exam_id, tmp_path)
    assert line.strip() == f"radstream.events.OrderPlaced {exam_id}"


def _order(stack: RunningStack, exam_id: str) -> dict[str, Any]:
    """The order of an exam, as a foreign deserializer reads it."""
    registry = SchemaRegistryClient({"url": stack.registry_url})
    consumer = Consumer(
        {
            "bootstrap.servers": stack.kafka_bootstrap,
            "group.id": uuid.uuid4().hex,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([EVENTS])
    try:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            message = consumer.poll(1.0)
            if message is not None and message.key() == exam_id.encode():
                context = SerializationContext(EVENTS, MessageField.VALUE)
                event: dict[str, Any] = AvroDeserializer(registry)(message.value(), context)
                return event
    finally:
        consumer.close()
        registry.close()
    raise AssertionError(f"nothing of {exam_id}")


def test_an_authorised_reader_opens_who_the_patient_is(stack: RunningStack, exam_id: str) -> None:
    event = _order(stack, exam_id)
    assert "Subscriber" not in json.dumps(event, default=repr)
    recipe = types.ModuleType("recipe")
    exec(_recipe(stack, "Protected health information", "python"), recipe.__dict__)  # noqa: S102 - our own page
    assert recipe.opened(event).patient_name.startswith("Subscriber^Vera")
    event["envelope"]["phi"] = None
    assert recipe.opened(event) is None
