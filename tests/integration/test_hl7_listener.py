"""The MLLP listener as a process, between a foreign sender and Kafka."""

from __future__ import annotations

import json
import signal
import socket
from contextlib import closing
from pathlib import Path

import pytest
from hl7lw import MllpClient

from producers.hl7.parsing import parse
from schemas.events import EVENT_CLASSES
from schemas.registry import connect_codec
from schemas.topics import EVENTS
from tests.listener_process import listener_process
from tests.producing import HL7_DATA, SITE, read_all
from tests.running_stack import RunningStack

pytestmark = pytest.mark.stack


def test_a_foreign_senders_messages_are_accepted_into_the_log_and_the_listener_stops_in_time(
    stack: RunningStack, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    settings = {
        "host": "127.0.0.1",
        "port": port,
        "bootstrap": stack.kafka_bootstrap,
        "registry_url": stack.registry_url,
        "site": SITE,
        "site_secret": stack.site_secret,
        "key_ring": {"directory": stack.data / "keys", "site_key": stack.site_key},
    }
    # This sender reads one answer per message: not the one that asks for both acknowledgements.
    paths = [path for path in sorted(HL7_DATA.glob("*.hl7")) if path.stem != "adt_a04_v28"]
    messages = {path.stem: path.read_bytes() for path in paths}
    with listener_process("hl7", settings, tmp_path) as process, closing(MllpClient()) as client:
        client.connect("127.0.0.1", port)
        for name, message in messages.items():
            client.send(message)
            answer = parse(client.recv())
            assert answer.get("MSA-1") in {"AA", "CA"}, name
            assert answer.get("MSA-2") == parse(message).get("MSH-10")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    records = read_all(stack.kafka_bootstrap, connect_codec(stack.registry_url), EVENTS)
    known = {record.envelope.source_message_id for record in records if isinstance(record, EVENT_CLASSES)}
    speaking = [name for name in messages if json.loads((HL7_DATA / f"{name}.json").read_text("utf-8"))]
    assert {parse(messages[name]).get("MSH-10") for name in speaking} <= known
