"""From outside: kcat, Confluent's deserializer and clickhouse-connect read; errors are answered."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import uuid

import clickhouse_connect
import pytest
from confluent_kafka import Consumer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from tests.running_stack import RunningStack

pytestmark = pytest.mark.stack
PATIENCE_S = 30.0


def _exchange(stack: RunningStack, message: str) -> str:
    """Send one message over MLLP; the answer's text."""
    with socket.create_connection(("127.0.0.1", stack.hl7_port), timeout=60) as connection:
        connection.sendall(b"\x0b" + message.encode() + b"\x1c\r")
        answer = b""
        while not answer.endswith(b"\x1c\r"):
            received = connection.recv(65536)
            assert received, "the listener closed the connection without an answer"
            answer += received
    return answer.strip(b"\x0b\x1c\r").decode()


def _order(accession: str, control_id: str) -> str:
    return "\r".join(
        [
            f"MSH|^~\\&|RIS|GENERAL|RADSTREAM|GENERAL|20261124081500||ORM^O01|{control_id}|P|2.5.1",
            "PID|1||P4711^^^GENERAL||Testperson^Vera||19700101|F",
            "PV1|1|O|OPD",
            f"ORC|NW|PL-{accession}|{accession}||SC||||20261124081500",
            f"OBR|1|PL-{accession}|{accession}|CTHEAD^CT head|||||||||||||||{accession}||||||CT",
        ]
    )


@pytest.fixture(scope="module")
def accession(stack: RunningStack) -> str:
    """An order that was sent and acknowledged."""
    number = f"F{uuid.uuid4().hex[:10]}"
    answer = _exchange(stack, _order(number, f"C{number}"))
    assert f"MSA|AA|C{number}" in answer, answer
    return number


def test_kcat_reads_the_events_and_their_cloudevents_headers(stack: RunningStack, accession: str) -> None:
    kcat = shutil.which("kcat") or shutil.which("kafkacat")
    assert kcat, "install kcat: apt-get install kafkacat"
    command = [kcat, "-b", stack.kafka_bootstrap, "-C", "-t", "radstream.events.v1", "-e", "-q"]
    raw = subprocess.run([*command, "-J"], capture_output=True, timeout=60, check=True).stdout
    # Payloads are Avro: as text they are only good for looking whether something stands in them,
    # any line end of Unicode included but the one that ends a message.
    found = raw.decode(errors="replace")
    messages = [json.loads(line) for line in found.removesuffix("\n").split("\n")]
    of_exam = [m for m in messages if m["key"] == f"GENERAL|{accession}"]
    assert of_exam
    headers = dict(zip(of_exam[0]["headers"][::2], of_exam[0]["headers"][1::2], strict=True))
    assert headers["ce_type"] == "radstream.events.OrderPlaced"
    assert of_exam[0]["payload"].startswith("\0")
    assert accession in of_exam[0]["payload"]
    assert "Testperson" not in found


def test_confluents_own_consumer_and_deserializer_read_the_events(
    stack: RunningStack, accession: str
) -> None:
    registry = SchemaRegistryClient({"url": stack.registry_url})
    assert registry.get_compatibility("radstream.events.OrderPlaced") == "BACKWARD_TRANSITIVE"
    deserialize = AvroDeserializer(registry)
    context = SerializationContext("radstream.events.v1", MessageField.VALUE)
    settings = {"bootstrap.servers": stack.kafka_bootstrap, "group.id": uuid.uuid4().hex}
    consumer = Consumer(settings | {"auto.offset.reset": "earliest"})
    consumer.subscribe(["radstream.events.v1"])
    try:
        found = None
        deadline = time.monotonic() + PATIENCE_S
        while found is None and time.monotonic() < deadline:
            message = consumer.poll(1.0)
            if message is not None and message.key() == f"GENERAL|{accession}".encode():
                found = deserialize(message.value(), context)
        assert isinstance(found, dict)
        assert found["accession_number"] == accession
        assert found["envelope"]["phi"]["ciphertext"]
    finally:
        consumer.close()
        registry.close()


def test_stock_clickhouse_connect_reads_the_events(stack: RunningStack, accession: str) -> None:
    host, _, port = stack.clickhouse_url.removeprefix("http://").rpartition(":")
    client = clickhouse_connect.get_client(
        host=host,
        port=int(port),
        username=stack.clickhouse_user,
        password=stack.clickhouse_password,
        database="radstream",
    )
    try:
        deadline = time.monotonic() + PATIENCE_S
        rows: list[object] = []
        while not rows and time.monotonic() < deadline:
            rows = list(
                client.query(
                    "SELECT event_type, source_protocol FROM events FINAL WHERE exam_id = {exam:String}",
                    parameters={"exam": f"GENERAL|{accession}"},
                ).result_rows
            )
            time.sleep(0.2)
        assert ("OrderPlaced", "HL7v2") in rows
    finally:
        client.close()


def test_timeline_sql_and_status_answer_on_the_running_stack(stack: RunningStack, accession: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while (answer := stack.radstream("timeline", accession, "--json")).returncode and (
        time.monotonic() < deadline
    ):
        time.sleep(0.5)
    assert "OrderPlaced" in [event["event"] for event in json.loads(answer.stdout)["events"]]
    counted = json.loads(stack.radstream("sql", "SELECT count() AS n FROM v_events", "--json").stdout)
    assert counted[0]["n"] > 0
    refused = stack.radstream("sql", "DROP TABLE events", "--json")
    assert refused.returncode == 1
    status = json.loads(stack.radstream("status", "--json").stdout)
    assert {part["state"] for part in status["parts"]} == {"ready"}
    assert {"fold", "sink"} <= {part["part"] for part in status["parts"] if part["lag"] is not None}


def test_a_message_type_that_nobody_handles_is_rejected_and_dead_lettered(stack: RunningStack) -> None:
    control_id = f"X{uuid.uuid4().hex[:8]}"
    answer = _exchange(stack, f"MSH|^~\\&|LIS|GENERAL|||20261124||OUL^R22|{control_id}|P|2.5.1\rPID|1")
    assert f"MSA|AR|{control_id}" in answer, answer
    deadline = time.monotonic() + PATIENCE_S
    query = f"SELECT reason FROM v_deadletters WHERE source_message_id = '{control_id}'"
    while not (rows := json.loads(stack.radstream("sql", query, "--json").stdout)):
        assert time.monotonic() < deadline, "no dead letter arrived"
        time.sleep(0.5)
    assert rows[0]["reason"] == "UnknownMessageType"


def test_what_is_no_hl7_gets_an_answer_and_not_silence(stack: RunningStack) -> None:
    assert "MSA|A" in _exchange(stack, "this is not HL7")
