"""The schema registry as its clients see it: a real process, spoken to by Confluent's own client."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

from runtime.stack.ports import allocate_free_ports
from schemas.contracts import self_contained
from schemas.evolution import published
from schemas.examples_writer import EXAMPLES
from schemas.registry import register_contracts

pytestmark = pytest.mark.stack

SERVE = """
import sys
from pathlib import Path
from runtime.local.registry import RegistryConfig, serve
serve(RegistryConfig(host="127.0.0.1", port=int(sys.argv[1]), directory=Path(sys.argv[2])))
"""
BASE = json.dumps(
    {"type": "record", "name": "Exam", "namespace": "r", "fields": [{"name": "a", "type": "int"}]}
)
REQUIRED = json.dumps(
    {
        "type": "record",
        "name": "Exam",
        "namespace": "r",
        "fields": [{"name": "a", "type": "int"}, {"name": "b", "type": "int"}],
    }
)


def start(port: int, directory: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SERVE, str(port), str(directory)], stderr=subprocess.PIPE, text=True
    )


@contextmanager
def running(directory: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    port = allocate_free_ports(1)[0]
    process = start(port, directory)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(url, process)
        yield url, process
    finally:
        process.kill()
        process.communicate()


def wait_until_ready(url: str, process: subprocess.Popen[str]) -> None:
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s:
        assert process.poll() is None, process.communicate()[1]
        try:
            httpx.get(url, timeout=60)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the registry did not answer within 30 s")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("registry")) as (address, _):
        yield address


@pytest.fixture
def client(url: str) -> Iterator[SchemaRegistryClient]:
    with SchemaRegistryClient({"url": url}) as registry:
        yield registry


def test_a_schema_registered_in_two_subjects_has_one_id(client: SchemaRegistryClient) -> None:
    first = client.register_schema("one/ü", Schema(BASE, "AVRO"))
    assert client.register_schema("two", Schema(BASE, "AVRO")) == first
    assert json.loads(client.get_schema(first).schema_str or "") == json.loads(BASE)
    assert client.lookup_schema("one/ü", Schema(BASE, "AVRO")).version == 1
    assert client.get_latest_version("two").schema_id == first
    assert {"one/ü", "two"} <= set(client.get_subjects())


def test_an_incompatible_schema_is_refused_until_the_level_allows_it(client: SchemaRegistryClient) -> None:
    client.register_schema("strict", Schema(BASE, "AVRO"))
    assert not client.test_compatibility("strict", Schema(REQUIRED, "AVRO"))
    assert client.get_compatibility() == "BACKWARD_TRANSITIVE"
    with pytest.raises(SchemaRegistryError) as caught:
        client.register_schema("strict", Schema(REQUIRED, "AVRO"))
    assert caught.value.http_status_code == 409
    client.set_compatibility("strict", "FORWARD")
    assert client.get_compatibility("strict") == "FORWARD"
    assert client.test_compatibility("strict", Schema(REQUIRED, "AVRO"))
    assert client.register_schema("strict", Schema(REQUIRED, "AVRO")) > 0


def test_confluents_serializer_works_against_it(client: SchemaRegistryClient) -> None:
    context = SerializationContext("exams", MessageField.VALUE)
    message = AvroSerializer(client, BASE)({"a": 5}, context)
    assert message is not None
    assert message[:1] == b"\x00"
    assert AvroDeserializer(client)(message, context) == {"a": 5}


@pytest.mark.parametrize(
    ("request_line", "body", "code"),
    [
        ("GET /schemas/ids/999999", None, 40403),
        ("GET /subjects/none/versions", None, 40401),
        ("GET /subjects/none/versions/latest", None, 40401),
        ("GET /config/none", None, 40408),
        ("GET /nowhere", None, 404),
        ("PUT /subjects", None, 405),
        ("PUT /config", {"compatibility": "UP"}, 42203),
        ("PUT /mode", {"mode": "UP"}, 42204),
        ("POST /subjects/x/versions", {"schema": "{"}, 42201),
        ("POST /subjects/x/versions", {"schema": "{}", "schemaType": "JSON"}, 42201),
        ("POST /subjects/x/versions", {}, 42201),
        ("POST /subjects/x/versions", ["list"], 400),
    ],
)
def test_an_error_has_confluents_code(url: str, request_line: str, body: object, code: int) -> None:
    method, path = request_line.split()
    answer = httpx.request(method, url + path, json=body, timeout=60)
    assert answer.status_code == int(str(code)[:3])
    assert answer.json()["error_code"] == code
    assert answer.headers["content-type"] == "application/vnd.schemaregistry.v1+json"


def test_a_subject_in_readonly_mode_takes_no_new_schema(url: str) -> None:
    httpx.put(f"{url}/mode/frozen", json={"mode": "READONLY"}, timeout=60)
    answer = httpx.post(f"{url}/subjects/frozen/versions", json={"schema": BASE}, timeout=60)
    assert (answer.status_code, answer.json()["error_code"]) == (422, 42205)


def test_acknowledged_schemas_survive_kill_9(tmp_path: Path) -> None:
    ids: dict[str, int] = {}
    for _ in range(3):
        with running(tmp_path) as (url, process):
            for subject, schema_id in ids.items():
                assert (
                    httpx.get(f"{url}/subjects/{subject}/versions/latest", timeout=60).json()["id"]
                    == schema_id
                )
            for _ in range(5):
                subject = f"s{len(ids)}"
                text = BASE.replace("Exam", f"Exam{len(ids)}")
                ids[subject] = httpx.post(
                    f"{url}/subjects/{subject}/versions", json={"schema": text}, timeout=60
                ).json()["id"]
            process.kill()
    assert sorted(ids.values()) == list(range(1, 16))


def test_sigterm_ends_it_with_exit_code_0(tmp_path: Path) -> None:
    with running(tmp_path) as (_, process):
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_a_port_in_use_stops_the_start_and_says_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start(taken.getsockname()[1], tmp_path)
        _, said = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "RADSTREAM_REGISTRY_PORT" in said


def _another(change: str) -> str:
    """The contract of OrderPlaced after a change that it must not have."""
    contract = json.loads(json.dumps(self_contained("radstream.events.OrderPlaced")))
    modality = next(field for field in contract["fields"] if field["name"] == "modality")
    if change == "another type":
        modality["type"] = ["null", "int"]
    else:
        contract["fields"].append({"name": "weight_kg", "type": "double"})
    return json.dumps(contract)


@pytest.mark.parametrize("change", ["another type", "a field without default"])
def test_a_contract_that_breaks_its_readers_cannot_be_registered(
    url: str, client: SchemaRegistryClient, change: str
) -> None:
    register_contracts(url)
    with pytest.raises(SchemaRegistryError) as caught:
        client.register_schema("radstream.events.OrderPlaced", Schema(_another(change), "AVRO"))
    assert caught.value.http_status_code == 409
    assert len(client.get_versions("radstream.events.OrderPlaced")) == 1


def test_every_golden_version_can_be_registered_oldest_first_and_todays_contract_after_it(url: str) -> None:
    with SchemaRegistryClient({"url": url}) as client:
        for name, versions in published(EXAMPLES).items():
            for schema in versions.values():
                assert client.register_schema(f"golden/{name}", Schema(json.dumps(schema), "AVRO")) > 0
            today = Schema(json.dumps(self_contained(name)), "AVRO")
            assert client.register_schema(f"golden/{name}", today) > 0
