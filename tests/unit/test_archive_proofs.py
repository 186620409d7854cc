"""Proofs of single events: small, made from few objects, and checked by a program that knows nothing of
us.
"""

from __future__ import annotations

import base64
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.evidence import check as checker
from runtime.evidence.bundle import Evidence, write_bundle
from runtime.evidence.readable import readable
from schemas.cloudevents import headers
from sinks.archive.chain import ChainEnd, read_end
from sinks.archive.compaction import compacted
from sinks.archive.config import FileLimits
from sinks.archive.errors import ArchiveBroken
from sinks.archive.exam_search import Found, find_exam
from sinks.archive.keys import publish_key
from sinks.archive.merkle import Tree, inclusion_path, leaf_hash, root_from_path, root_of
from sinks.archive.names import file_name, key_name, seal_name
from sinks.archive.record import ArchivedMessage
from sinks.archive.seal import Seal
from sinks.archive.sealing import Sealer
from sinks.archive.signing import Signer, key_id
from sinks.archive.verification import walk_chains
from tests import exam_events
from tests.archiving import KEYS, PLACE, SIGNER, Bucket, archive_on, feed, message
from tests.producing import offline_codec

CHECKER = Path(checker.__file__)
EXAM = "ISS|3"
CODEC = offline_codec()


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(b"%d" % number) for number in range(count)]


@given(st.integers(1, 300), st.data())
def test_every_path_leads_to_the_root_and_no_other_leaf_has_it(size: int, data: st.DataObject) -> None:
    some = leaves(size)
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_path(index, size, lambda level, at: root_of(some[at << level : at + 1 << level]))
    root = root_of(some)
    assert root_from_path(some[index], index, size, path) == root
    assert checker.root_from_path(some[index], index, size, [one.hex() for one in path]) == root
    assert checker.tree_root(some) == root
    assert root_from_path(leaf_hash(b"another"), index, size, path) != root
    for wrong in ([*path, root], path[:-1]):
        if wrong != path:
            with pytest.raises(ArchiveBroken):
                root_from_path(some[index], index, size, wrong)


def test_roots_are_those_of_the_standard() -> None:
    """The test vectors of the reference implementation of RFC 6962."""
    inputs = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    roots = {
        0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }
    for size, root in roots.items():
        hashes = [leaf_hash(bytes.fromhex(one)) for one in inputs[:size]]
        assert Tree().extended(hashes)[0].root().hex() == root


def order_at(offset: int) -> ArchivedMessage:
    """A message with an order of exam EXAM."""
    event = exam_events.order(offset, None, exam_id=EXAM)
    value = CODEC.encode(event)
    return ArchivedMessage(offset, 1_770_000_000_000, EXAM.encode(), value, headers(event))


def sealed(directory: Path, events: int, mine: Callable[[int], bool]) -> tuple[Bucket, Seal]:
    """An archive in which some messages are EXAM's; most files were made of small ones."""
    bucket = Bucket()
    archive = archive_on(bucket, ChainEnd(), events=7)
    for offset in range(events):
        archive.add(order_at(offset) if mine(offset) else message(offset)._replace(key=b"ISS|9"), 0.0)
        if archive.is_full():
            archive.close_file()
            archive.end = compacted(bucket, SIGNER, KEYS, archive.end, FileLimits(events=300))
    archive.close_file()
    publish_key(bucket, SIGNER, [])
    seal = Sealer(bucket, SIGNER, KEYS, directory / "witness.json").seal([archive.end])
    assert seal is not None
    return bucket, seal


def found_in(bucket: Bucket, seal: Seal, exam: str = EXAM) -> list[Found]:
    walked, _ = walk_chains(bucket, KEYS, {}, lambda _what, _done, _total: None)
    assert walked.found.faults == []
    topics = {PLACE.topic}
    return find_exam(bucket, walked.chains, seal, exam, topics=topics, tell=lambda _what, _done, _total: None)


def test_each_event_of_an_exam_is_found_and_proven_over_small_and_joined_files(tmp_path: Path) -> None:
    bucket, seal = sealed(tmp_path, 1200, lambda offset: offset % 97 == 3)
    found = found_in(bucket, seal)
    assert [one.message.offset for one in found] == list(range(3, 1200, 97))
    for one in found:
        assert one.proof is not None
        assert one.index == one.message.offset
        path = one.proof.path
        assert root_from_path(leaf_hash(one.record), one.index, 1200, path).hex() == seal.heads[0].tree_root


def test_an_accession_number_alone_finds_the_exam_and_no_longer_number(tmp_path: Path) -> None:
    bucket, seal = sealed(tmp_path, 40, lambda offset: offset == 8)
    assert [one.message.offset for one in found_in(bucket, seal, "3")] == [8]
    assert found_in(bucket, seal, "SS|3") == []


def test_what_is_newer_than_the_seal_is_found_without_a_proof(tmp_path: Path) -> None:
    bucket, seal = sealed(tmp_path, 10, lambda offset: offset == 1)
    archive = archive_on(bucket, read_end(bucket, PLACE, KEYS))
    feed(archive, [order_at(10)])
    assert [one.proof is None for one in found_in(bucket, seal)] == [False, True]


def test_a_file_that_was_altered_gives_no_proof(tmp_path: Path) -> None:
    bucket, seal = sealed(tmp_path, 10, lambda offset: offset == 1)
    bucket.objects[file_name(PLACE, 0, 6)] += b"\0"
    with pytest.raises(ArchiveBroken, match="radstream verify"):
        found_in(bucket, seal)


def test_a_proof_at_a_hundred_million_events_is_below_three_kilobytes() -> None:
    path = inclusion_path(33_333_333, 100_000_000, lambda level, at: leaf_hash(b"%d/%d" % (level, at)))
    assert len(orjson.dumps([one.hex() for one in path])) < 3_000


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    bucket, seal = sealed(tmp_path, 500, lambda offset: offset in {5, 300, 499})
    found = found_in(bucket, seal)
    name = key_id(SIGNER.public)
    evidence = Evidence(
        exam_id=EXAM,
        made_at=datetime(2026, 3, 1, tzinfo=UTC),
        seal=bucket.objects[seal_name(seal.number)],
        keys={name: bucket.objects[key_name(name)]},
        found=found,
        readable=[readable(one, CODEC, None) for one in found],
    )
    target = tmp_path / "bundle.zip"
    write_bundle(evidence, target)
    return target


def checked(bundle: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The bundle's own checker on it, in a Python that does not see this project."""
    with zipfile.ZipFile(bundle) as content:
        program = bundle.with_name("check.py")
        program.write_bytes(content.read("check.py"))
    return subprocess.run(
        [sys.executable, "-I", str(program), str(bundle), *arguments],
        capture_output=True,
        text=True,
        cwd=bundle.parent,
        check=False,
    )


def altered(bundle: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    """The bundle with one of its entries changed."""
    target = bundle.with_name("altered.zip")
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.namelist():
            content = old.read(entry)
            new.writestr(entry, change(content) if entry == name else content)
    return target


def test_a_bundle_is_checked_without_radstream(bundle: Path) -> None:
    done = checked(bundle, "--key", SIGNER.public.hex())
    assert (done.returncode, done.stderr) == (0, "")
    assert "PROVEN: 3 events of ISS|3 are under the root of seal 1" in done.stdout
    assert done.stdout.count("OrderPlaced") == 3
    assert "nobody can tell" in checked(bundle).stdout
    assert bundle.stat().st_mode & 0o077 == 0


def test_the_checker_imports_the_standard_library_and_cryptography_alone() -> None:
    told = "import sys, runpy; runpy.run_path(sys.argv[1]); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", told, str(CHECKER)], capture_output=True, text=True, check=True
    )
    foreign = {name.partition(".")[0] for name in done.stdout.split()} - sys.stdlib_module_names
    assert {name for name in foreign if not name.startswith("_")} <= {"cryptography", "cffi", "sitecustomize"}


def _one_byte(event: int) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        document = orjson.loads(content)
        record = bytearray(base64.b64decode(document["events"][event]["record"]))
        record[20] ^= 1
        document["events"][event]["record"] = base64.b64encode(record).decode()
        return orjson.dumps(document)

    return change


def _moved(content: bytes) -> bytes:
    document = orjson.loads(content)
    document["events"][0]["index"] += 1
    return orjson.dumps(document)


def _doubled(content: bytes) -> bytes:
    document = orjson.loads(content)
    document["events"].append(document["events"][0])
    return orjson.dumps(document)


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("evidence.json", _one_byte(1), "is not under the sealed root"),
        ("evidence.json", _moved, "is not under the sealed root"),
        ("evidence.json", _doubled, "is there twice"),
        ("evidence.json", lambda content: content.replace(b'"ISS|3"', b'"ISS|9"'), "is of another exam"),
        ("seal.json", lambda content: content.replace(b'"tree_size":500', b'"tree_size":501'), "signature"),
        ("seal.json", lambda content: content[:-20], "NOT PROVEN"),
    ],
)
def test_a_bundle_that_was_altered_is_not_proven(
    bundle: Path, name: str, change: Callable[[bytes], bytes], why: str
) -> None:
    done = checked(altered(bundle, name, change), "--key", SIGNER.public.hex())
    assert done.returncode == 1
    assert "NOT PROVEN" in done.stdout
    assert why in done.stdout
    assert "Traceback" not in done.stderr


def test_a_bundle_of_another_key_is_not_proven_against_the_trusted_one(bundle: Path) -> None:
    done = checked(bundle, "--key", Signer.of(b"\3" * 32).public.hex())
    assert done.returncode == 1
    assert "is not the one that is trusted" in done.stdout
