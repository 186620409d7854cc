"""Which studies go where: the file of destinations, the rules, the index, the choice of priors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.installation import Installation
from runtime.outbound import DestinationsUnusable, read_dicom_destinations
from runtime.settings import Settings
from schemas.errors import NotAnImage, TruncatedRecord
from schemas.events import ExamScheduled, ImagesStored, InstanceStored, OrderPlaced, PatientArrived
from schemas.identity import event_id
from schemas.parts import Envelope, Source
from sinks.delivering.errors import InvalidDestinations, NoAnswer
from sinks.dicom.choosing import forwards, priors
from sinks.dicom.destinations import Destination, parse_destinations
from sinks.dicom.index import ImageIndex
from sinks.dicom.indexed import IndexedStudy
from sinks.dicom.messages import data_set_of, fragments, is_stored, may_be_taken_later, status_of
from sinks.dicom.rules import Forward, Prefetch, When

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
EXAMPLE = Path(__file__).parents[2] / "deploy/dicom/destinations.toml"
MINIMAL = '[[destination]]\nname = "a"\nae_title = "A"\nhost = "h"\nport = 104\n'


def envelope(name: str, exam_id: str = "GENERAL|A1", patient: str | None = "p1") -> Envelope:
    return Envelope(
        event_id=event_id("test", name),
        exam_id=exam_id,
        occurred_at=AT,
        recorded_at=AT,
        source=Source(system="CT1", facility="", protocol="DICOM"),
        source_message_id="1",
        site="GENERAL",
        patient_key=patient,
    )


def stored(study: str, number: int, **options: Any) -> InstanceStored:
    given: dict[str, Any] = {
        "modality": "CT",
        "calling_ae_title": "CT1",
        "acquired_at": AT,
        "patient": "p1",
        "exam_id": f"GENERAL|A{study}",
        **options,
    }
    patient, exam_id = given.pop("patient"), given.pop("exam_id")
    return InstanceStored(
        envelope=envelope(f"{study}.{number}", exam_id, patient),
        study_instance_uid=study,
        series_instance_uid=f"{study}.1",
        sop_instance_uid=f"{study}.1.{number}",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        size_bytes=1,
        sha256="0" * 64,
        object_key=f"studies/{study}/{study}.1/{study}.1.{number}.dcm",
        **given,
    )


def study(uid: str, years_ago: float = 1.0, **options: Any) -> IndexedStudy:
    given: dict[str, Any] = {
        "exam_id": f"GENERAL|{uid}",
        "modalities": frozenset({"CT"}),
        "body_parts": frozenset({"CHEST"}),
        "calling_ae_titles": frozenset({"CT1"}),
        **options,
    }
    return IndexedStudy(
        study_instance_uid=uid,
        accession_number=None,
        site="GENERAL",
        patient_key="p1",
        acquired_at=AT - years_ago * timedelta(days=365.25),
        **given,
    )


def scheduled(modality: str | None = "CT", uid: str | None = None) -> ExamScheduled:
    return ExamScheduled(
        envelope=envelope("scheduled"), accession_number="A1", modality=modality, study_instance_uid=uid
    )


@pytest.fixture
def index(tmp_path: Path) -> Iterator[ImageIndex]:
    with closing(ImageIndex(tmp_path / "dicom-out")) as opened:
        yield opened


def test_the_example_of_deploy_is_a_file_of_destinations() -> None:
    found = parse_destinations(EXAMPLE.read_text("utf-8"))
    assert {bool(one.forward) for one in found} | {bool(one.prefetch) for one in found} == {True, False}


def test_a_destination_has_our_ae_title_unless_it_names_another() -> None:
    text = MINIMAL + "[[destination.forward]]\n"
    assert parse_destinations(text, "SITE_A")[0].calling_ae_title == "SITE_A"
    named = text.replace("port = 104", 'port = 104\ncalling_ae_title = "OTHER"')
    assert parse_destinations(named, "SITE_A")[0].calling_ae_title == "OTHER"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "expected"),
        (MINIMAL, "neither"),
        (MINIMAL.replace("port = 104", "port = 0"), "port"),
        (MINIMAL.replace('"A"', '"A23456789012345678"') + "[[destination.forward]]\n", "AE title"),
        (MINIMAL.replace('ae_title = "A"\n', ""), "ae_title is missing"),
        (MINIMAL + '[[destination.forward]]\non = "now"\n', "study_stored"),
        (MINIMAL + "[[destination.forward]]\nstudies = 1\n", "no option studies"),
        (
            MINIMAL + '[[destination.forward]]\nwhen = { priority = ["STAT"] }\n',
            "StudyStored has no priority",
        ),
        (MINIMAL + '[[destination.forward]]\nwhen = { modality = "CT" }\n', "list of texts"),
        (MINIMAL + '[[destination.prefetch]]\non = ["ReportViewed"]\n', "OrderPlaced"),
        (MINIMAL + "[[destination.prefetch]]\nstudies = 0\n", "studies is a number"),
        (MINIMAL + '[[destination.prefetch]]\nsame_modality = "yes"\n', "true or false"),
        (
            MINIMAL + '[[destination.prefetch]]\non = ["PatientArrived"]\nwhen = { modality = ["CT"] }\n',
            "PatientArrived has no modality",
        ),
        (MINIMAL + "forward = 1\n", "[[destination.forward]] tables"),
        (MINIMAL + "tls = true\n[[destination.forward]]\n", "tls is a table"),
        ((MINIMAL + "[[destination.forward]]\n") * 2, "two destinations"),
    ],
)
def test_a_mistake_in_the_file_is_named(text: str, complaint: str) -> None:
    with pytest.raises(InvalidDestinations) as error:
        parse_destinations(text)
    assert complaint in str(error.value)


def test_an_installation_sends_only_with_a_file_and_never_to_its_own_listener(tmp_path: Path) -> None:
    installation = Installation(Settings(data=tmp_path, dicom_ae_title="SITE_A"))
    assert read_dicom_destinations(installation) == ()
    file = tmp_path / "dicom-destinations.toml"
    file.write_text(MINIMAL + "[[destination.forward]]\n")
    (found,) = read_dicom_destinations(installation)
    assert found.calling_ae_title == "SITE_A"
    file.write_text(
        MINIMAL.replace('"h"', '"127.0.0.1"').replace("104", "11112") + "[[destination.forward]]\n"
    )
    with pytest.raises(DestinationsUnusable, match="our own DICOM listener"):
        read_dicom_destinations(installation)
    missing = Settings(data=tmp_path, dicom_destinations=tmp_path / "none.toml")
    with pytest.raises(DestinationsUnusable, match="cannot be read"):
        read_dicom_destinations(Installation(missing))


@pytest.mark.parametrize(
    ("conditions", "goes"),
    [
        ({}, True),
        ({"modality": ("CT",)}, True),
        ({"modality": ("MR", "SR")}, True),
        ({"modality": ("MR",)}, False),
        ({"calling_ae_title": ("CT1",), "site": ("GENERAL",)}, True),
        ({"calling_ae_title": ("CT2",)}, False),
        ({"accession_prefix": ("A", "B")}, True),
        ({"accession_prefix": ("B",)}, False),
        ({"exam_prefix": ("GENERAL|",)}, True),
        ({"exam_prefix": ("NORTH|",)}, False),
        ({"body_part": ("CHEST",)}, True),
    ],
)
def test_a_study_is_forwarded_when_any_of_its_images_meets_each_condition(
    conditions: dict[str, tuple[str, ...]], *, goes: bool
) -> None:
    event = ImagesStored(
        envelope=envelope("stored"),
        accession_number="A1",
        study_instance_uid="1",
        series_count=1,
        instance_count=1,
        size_bytes=1,
        calling_ae_title="CT1",
    )
    rule = Forward(on="images_stored", when=When(conditions))
    assert forwards(rule, event, study("1", modalities=frozenset({"CT", "SR"}))) is goes


def test_priors_are_the_patients_last_studies_of_the_modality_without_the_exams_own() -> None:
    known = [
        study("1", 1),
        study("2", 2),
        study("3", 0.5, modalities=frozenset({"MR"})),
        study("4", 3),
        study("5", 6),
        study("6", 0.1, exam_id="GENERAL|A1"),
        study("7", 0.2),
    ]
    rule = Prefetch(studies=2, within_years=5, same_modality=True)
    assert [found.study_instance_uid for found in priors(rule, scheduled(uid="7"), known)] == ["1", "2"]
    assert [found.study_instance_uid for found in priors(rule, scheduled(None), known)] == ["7", "3"]
    everything = Prefetch(studies=100, within_years=5)
    assert [found.study_instance_uid for found in priors(everything, scheduled(), known)] == [
        "7",
        "3",
        "1",
        "2",
        "4",
    ]


def test_priors_can_be_asked_for_by_body_part_and_by_modalities() -> None:
    known = [
        study("1"),
        study("2", body_parts=frozenset({"WRIST"})),
        study("3", modalities=frozenset({"DX"})),
    ]
    by_part = Prefetch(body_parts=("WRIST", "HAND"))
    by_modality = Prefetch(modalities=("DX", "CR"))
    assert [found.study_instance_uid for found in priors(by_part, scheduled(), known)] == ["2"]
    assert [found.study_instance_uid for found in priors(by_modality, scheduled(), known)] == ["3"]


def test_rules_wait_for_their_events_in_the_order_of_the_file() -> None:
    urgent = Prefetch(on=frozenset({"OrderPlaced"}), when=When({"priority": ("STAT",)}), studies=9)
    others = Prefetch(on=frozenset({"OrderPlaced", "ExamScheduled"}))
    to = Destination(name="a", ae_title="A", host="h", port=1, prefetch=(urgent, others))
    assert to.rules_on(OrderPlaced) == (urgent, others)
    assert to.rules_on(ExamScheduled) == (others,)
    assert to.rules_on(PatientArrived) == ()


def test_the_index_keeps_images_and_offsets_together_and_the_first_sender_of_an_image(
    index: ImageIndex, tmp_path: Path
) -> None:
    first = stored("1", 1, modality="CT", calling_ae_title="CT1", acquired_at=AT - timedelta(days=1))
    index.add([first, stored("1", 2, modality="SR", calling_ae_title="WS, 2")], {0: 17, 3: 4})
    index.add([stored("1", 1, calling_ae_title="PACS")], {0: 18})
    index.close()
    with closing(ImageIndex(tmp_path / "dicom-out")) as again:
        assert again.offsets() == {0: 18, 3: 4}
        found = again.study("1")
        assert found is not None
        assert found.modalities == {"CT", "SR"}
        assert found.calling_ae_titles == {"CT1", "WS, 2"}
        assert found.acquired_at == AT - timedelta(days=1)
        assert again.study("2") is None
        assert list(again.studies_of("p1")) == [found]
        assert again.studies_of("p2") == []


def test_of_images_that_cannot_be_added_neither_they_nor_their_offsets_stand_in_the_index(
    index: ImageIndex,
) -> None:
    broken = stored("1", 2)
    object.__setattr__(broken, "sop_class_uid", None)
    with pytest.raises(Exception, match="NOT NULL"):
        index.add([stored("1", 1), broken], {0: 2})
    assert index.offsets() == {}
    assert index.study("1") is None


def test_an_image_goes_once_and_again_for_another_event_after_its_time(index: ImageIndex) -> None:
    index.add([stored("1", number) for number in range(3)], {0: 3})

    def numbers(cause: str, again_before: datetime | None = None, to: str = "a") -> list[str]:
        found = index.to_send(to, "1", cause, again_before)
        return [image.sop_instance_uid[-1] for image in found]

    first, second, _ = index.to_send("a", "1", "one", None)
    index.note_sent("a", first, "one", AT)
    index.note_sent("a", second, "two", AT)
    assert numbers("one") == numbers("two") == ["2"]
    assert numbers("one", to="b") == ["0", "1", "2"]
    assert numbers("one", AT) == ["2"]
    assert numbers("three", AT + timedelta(seconds=1)) == ["0", "1", "2"]
    assert numbers("one", AT + timedelta(seconds=1)) == ["1", "2"]
    assert index.sent_count("a", "1", "one") == index.sent_count("a", "1", "two") == 1
    assert index.sent_count("b", "1", "one") == 0


@given(content=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200)), size=st.integers(1, 50))
def test_fragments_are_the_content_in_pieces_of_the_size_and_only_the_last_is_the_last(
    content: bytes, cuts: list[int], size: int
) -> None:
    found = list(fragments(_cut(content, cuts), size))
    assert b"".join(piece for piece, _ in found) == content
    assert [is_last for _, is_last in found] == [False] * (len(found) - 1) + [True]
    assert all(len(piece) == size for piece, _ in found[:-1])
    assert len(found[-1][0]) <= size


@given(data_set=st.binary(max_size=300), rest=st.binary(max_size=300), cuts=st.lists(st.integers(0, 800)))
def test_of_a_file_in_any_pieces_the_data_set_is_what_follows_its_meta_information(
    data_set: bytes, rest: bytes, cuts: list[int]
) -> None:
    head = bytes(128) + b"DICM" + bytes.fromhex("02000000") + b"UL\x04\x00" + len(rest).to_bytes(4, "little")
    assert b"".join(data_set_of(_cut(head + rest + data_set, cuts))) == data_set


def test_a_file_without_the_length_of_its_meta_information_is_not_sent() -> None:
    with pytest.raises(NotAnImage):
        list(data_set_of([bytes(400)]))
    with pytest.raises(TruncatedRecord):
        list(data_set_of([bytes(128) + b"DICM"]))


def test_statuses_are_taken_later_or_refused_as_the_standard_has_them() -> None:
    assert all(is_stored(status) for status in (0x0000, 0xB000, 0xB006, 0xB007, 0x0107, 0x0116))
    assert all(may_be_taken_later(status) for status in (0xA700, 0xA701, 0x0110))
    refused = (0xA900, 0xC000, 0x0122, 0x0124, 0x0111)
    assert not any(is_stored(status) or may_be_taken_later(status) for status in refused)


@pytest.mark.parametrize("damaged", [b"", b"\x00" * 7, b"\xff" * 40])
def test_an_answer_that_cannot_be_read_is_no_answer(damaged: bytes) -> None:
    with pytest.raises(NoAnswer):
        status_of(damaged, 1)


def _cut(content: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    return [content[a:b] for a, b in pairwise(places)]
