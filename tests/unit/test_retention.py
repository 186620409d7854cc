"""What is let go by rule, what legal holds keep, and how an archive says that a file expired by rule."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.retention.rules import InvalidRules, parse_rules
from sinks.archive.chain import ChainEnd
from sinks.archive.expected import expected_digests, manifests_by_file
from sinks.archive.expiry import Expiry, say_expired
from sinks.archive.manifest import digest_of
from sinks.archive.names import EXPIRIES, manifest_name
from sinks.archive.signing import Signer
from sinks.archive.verification import Span, verify, walk_chains
from sinks.clickhouse.retention import AGED_BY, HELD_BY, HeldRows, retention_statements
from tests.archiving import KEYS, PLACE, SIGNER, Bucket, archive_on, message

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
RULES = """
[[rule]]
name = "plain radiographs of the north"
store = "images"
keep_days = 3650
site = "NORTH"
modality = "DX"

[[rule]]
name = "predictions"
store = "clickhouse"
place = "predictions"
keep_days = 400

[[rule]]
name = "log in Kafka"
store = "kafka"
place = "radstream.events.v1"
keep_days = 90
"""


def test_rules_say_what_of_which_store_goes_when() -> None:
    images, table, topic = parse_rules(RULES)
    assert images.selectors == {"site": "NORTH", "modality": "DX"}
    assert (table.place, table.selectors, topic.place) == ("predictions", {}, "radstream.events.v1")
    assert topic.before(NOON) == datetime(2025, 12, 9, 12, tzinfo=UTC)
    assert parse_rules("") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[rule]", "no TOML"),
        ("keep = 1", "only [[rule]]"),
        ("[[rule]]\nstore='images'", "give it a name"),
        ("[[rule]]\nname='a'\nstore='images'\nkeep_days=0", "from 1 to"),
        ("[[rule]]\nname='a'\nstore='images'\nkeep_days=true", "from 1 to"),
        ("[[rule]]\nname='a'\nstore='tape'\nkeep_days=9", "store is one of"),
        ("[[rule]]\nname='a'\nstore='clickhouse'\nplace='no_table'\nkeep_days=9", "is one of: alerts"),
        ("[[rule]]\nname='a'\nstore='kafka'\nplace='radstream.worklist.v1'\nkeep_days=9", "is one of"),
        ("[[rule]]\nname='a'\nstore='archive'\nplace='radstream.governance.v1'\nkeep_days=9", "is one of"),
        (
            "[[rule]]\nname='a'\nstore='kafka'\nplace='radstream.events.v1'\nkeep_days=9\nsite='N'",
            "for images",
        ),
        ("[[rule]]\nname='a'\nstore='images'\nkeep_days=9\nage=3", "age is not known"),
        ("[[rule]]\nname='a'\nstore='images'\nkeep_days=9\nsite=3", "site is a text"),
        ("[[rule]]\nname='a'\nstore='images'\nkeep_days=9\n" * 2, "two rules are called 'a'"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_its_name_and_what_there_is(text: str, said: str) -> None:
    with pytest.raises(InvalidRules) as caught:
        parse_rules(text)
    assert said in str(caught.value)


@given(st.sets(st.text(min_size=1), max_size=4), st.sets(st.text(min_size=1), max_size=4))
def test_every_bound_of_a_table_that_knows_the_exam_leaves_out_what_is_held(
    exams: set[str], patients: set[str]
) -> None:
    held = HeldRows(frozenset(exams), frozenset(patients))
    statements = dict(zip(AGED_BY, retention_statements(30, frozenset(), held), strict=True))
    for table, statement in statements.items():
        columns = HELD_BY.get(table, ())
        assert ("exam_id NOT IN" in statement) == bool(exams and "exam_id" in columns), table
        assert ("patient_key NOT IN" in statement) == bool(patients and "patient_key" in columns), table
    assert HELD_BY.keys() <= AGED_BY.keys()


def test_a_held_exams_name_cannot_end_the_text_that_it_stands_in() -> None:
    held = HeldRows(frozenset({"a') OR ('1'='1", "b\\"}), frozenset())
    assert held.condition("alerts") == r"exam_id NOT IN ('a\') OR (\'1\'=\'1', 'b\\')"


def filled() -> Bucket:
    """A chain of three files of two messages each."""
    bucket, end = Bucket(), ChainEnd()
    for first in (0, 2, 4):
        archive = archive_on(bucket, end)
        for offset in (first, first + 1):
            archive.add(message(offset), 0.0)
        assert archive.close_file() is not None
        end = archive.end
    return bucket


def walked(bucket: Bucket) -> list[tuple[str, str]]:
    found = verify(bucket, KEYS, span=Span(), anchors={}, tell=lambda *_: None).found
    return [(fault.kind.value, fault.name) for fault in found.faults]


def test_a_file_that_expired_by_a_signed_rule_is_no_fault_and_one_that_is_just_gone_is() -> None:
    bucket = filled()
    chains = walk_chains(bucket, KEYS, {}, lambda *_: None)[0].chains
    manifests = [link.manifest for link in chains[PLACE] if link.manifest is not None]
    expiry = Expiry(rule="old", applied_by="ada", expired_at=NOON, files=manifests[:1])
    say_expired(bucket, SIGNER, expiry)
    assert walked(bucket) == [], "it is said to expire, and still there"
    del bucket.objects[manifests[0].file]
    found = verify(bucket, KEYS, span=Span(), anchors={}, tell=lambda *_: None).found
    assert (found.faults, found.expired, found.files, found.events) == ([], 1, 2, 4)
    del bucket.objects[manifests[1].file]
    assert walked(bucket) == [("missing", manifests[1].file)]


def test_nobody_but_us_lets_a_file_expire() -> None:
    bucket = filled()
    chains = walk_chains(bucket, KEYS, {}, lambda *_: None)[0].chains
    manifest = next(link.manifest for link in chains[PLACE] if link.manifest is not None)
    stranger = Signer.of(bytes(32))
    say_expired(bucket, stranger, Expiry(rule="r", applied_by="x", expired_at=NOON, files=[manifest]))
    del bucket.objects[manifest.file]
    kinds = {kind for kind, name in walked(bucket) if name == manifest.file or name.startswith(EXPIRIES)}
    assert kinds == {"missing", "signature"}


def test_what_is_signed_says_what_a_file_and_a_manifest_have_to_be() -> None:
    bucket = filled()
    chains = walk_chains(bucket, KEYS, {}, lambda *_: None)[0].chains
    expected = expected_digests(chains, [], {})
    files = manifests_by_file(chains)
    assert {name: digest_of(bucket.objects[name]) for name in expected} == expected
    assert set(files) <= set(expected)
    assert manifest_name(PLACE, 1) in expected
    assert manifest_name(PLACE, 3) not in expected, "no seal and no other manifest says what the last one is"
