"""CPU time to encode and decode one event: ours against bare fastavro and Confluent's serializer.

Ours goes from a typed event to wire-format bytes and back. `fastavro` writes and reads a dict, without
header, schema id or class. `confluent` is confluent_kafka's AvroSerializer and AvroDeserializer, which turn
the same class into bytes and back with its `to_dict` and `from_dict`, against the local schema registry.
"""

from __future__ import annotations

import io
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastavro
from confluent_kafka.schema_registry import SchemaRegistryClient, record_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from benchmarks.codec_samples import Sample, samples
from benchmarks.harness import Options, Result, cpu_us_per_call, parse_options, progress, report
from schemas.codec import Codec
from schemas.contracts import self_contained
from schemas.registry import connect_codec
from schemas.topics import topic_of

_REGISTRY = """
import sys
from pathlib import Path
from runtime.local.registry.config import RegistryConfig
from runtime.local.registry.server import serve
serve(RegistryConfig(host="127.0.0.1", port=int(sys.argv[1]), directory=Path(sys.argv[2])))
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """One way from an event to bytes, and back."""

    encode: Callable[[], bytes]
    decode: Callable[[], Any]

    def measured(self, name: str, seconds: float) -> dict[str, float]:
        """CPU microseconds of both."""
        return {
            f"{name}_encode_us": cpu_us_per_call(self.encode, seconds=seconds),
            f"{name}_decode_us": cpu_us_per_call(self.decode, seconds=seconds),
        }


def our_pair(codec: Codec, event: Sample) -> Pair:
    """The codec as every room uses it."""
    value = codec.encode(event)
    return Pair(lambda: codec.encode(event), lambda: codec.decode(value))


def fastavro_pair(event: Sample) -> Pair:
    """fastavro on a dict, the schema parsed beforehand."""
    schema = fastavro.parse_schema(dict(self_contained(event.AVRO_NAME)))
    record = event.to_record()

    def encode() -> bytes:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema, record)
        return out.getvalue()

    value = encode()
    return Pair(encode, lambda: fastavro.schemaless_reader(io.BytesIO(value), schema, None))


def confluent_pair(client: SchemaRegistryClient, event: Sample) -> Pair:
    """Confluent's own serializer and deserializer, with the same classes."""
    schema = client.get_latest_version(event.AVRO_NAME).schema
    settings = {"auto.register.schemas": False, "subject.name.strategy": record_subject_name_strategy}
    serializer = AvroSerializer(client, schema, lambda given, _: given.to_record(), settings)
    deserializer = AvroDeserializer(client, schema, lambda read, _: type(event).from_record(read))
    context = SerializationContext(topic_of(event.AVRO_NAME), MessageField.VALUE)

    def encode() -> bytes:
        value = serializer(event, context)
        assert isinstance(value, bytes)  # noqa: S101 - None stands for None only
        return value

    value = encode()
    return Pair(encode, lambda: deserializer(value, context))


@contextmanager
def registry() -> Iterator[str]:
    """Address of a schema registry of its own process, on a free port, with an empty directory."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="radstream-bench-") as directory:
        Path(directory).chmod(0o700)
        command = [sys.executable, "-c", _REGISTRY, str(port), directory]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            url = f"http://127.0.0.1:{port}"
            _await(f"{url}/subjects", server)
            yield url
        finally:
            server.terminate()
            server.wait(timeout=15)


def _await(url: str, server: subprocess.Popen[bytes], wait_s: float = 30.0) -> None:
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - our own address
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"the schema registry does not answer at {url}")


def measure(options: Options) -> Result:
    """Measure all pairs, checked for agreement first. Raises AssertionError where they differ."""
    seconds = 0.4 if options.quick else 3.0
    ours: dict[str, float] = {}
    peers: dict[str, dict[str, float]] = {"fastavro": {}, "confluent": {}}
    progress("starting a schema registry")
    with registry() as url:
        codec, client = connect_codec(url), SchemaRegistryClient({"url": url})
        for name, event in samples().items():
            pairs = {"": our_pair(codec, event), "fastavro": fastavro_pair(event)}
            pairs["confluent"] = confluent_pair(client, event)
            _agree(event, pairs)
            for peer, pair in pairs.items():
                progress(f"{name}: {peer or 'radstream'}")
                (peers[peer] if peer else ours).update(pair.measured(name, seconds))
    return Result(benchmark="codec", ours=ours, peers=peers, notes=("CPU microseconds per event",))


def _agree(event: Sample, pairs: dict[str, Pair]) -> None:
    ours = pairs[""].encode()
    assert pairs["confluent"].encode() == ours  # noqa: S101 - else the figures mean nothing
    assert pairs["fastavro"].encode() == ours[5:]  # noqa: S101
    assert pairs[""].decode() == pairs["confluent"].decode() == event  # noqa: S101
    assert pairs["fastavro"].decode() == event.to_record()  # noqa: S101


if __name__ == "__main__":
    given = parse_options(__doc__)
    report(measure(given), given)
