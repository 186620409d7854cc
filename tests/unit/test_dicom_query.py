"""Study Root C-FIND over real sockets, from the catalogue's file to dcmtk and pynetdicom."""

from __future__ import annotations

import os
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom.association import Association

from producers.dicom.catalogue.catalogue import Catalogue
from producers.dicom.catalogue.store import open_to_write
from producers.dicom.catalogue.writing import CatalogueWriter
from producers.dicom.query.levels import Level
from producers.dicom.query.matching import Key
from producers.dicom.query.recording import QueryLog
from producers.dicom.query.service import STUDY_ROOT_FIND, QueryConfig, QueryService
from producers.throwaway_keys import ThrowawayKeyRing
from schemas.events import InstanceStored
from schemas.keyring import FileKeyRing
from schemas.parts import Phi
from tests import dicom_listening
from tests.producing import SITE, SITE_KEY, SITE_SECRET
from tests.stored_images import CT, key_of, stored
from tests.unit.test_dicom_worklist import listening

MUELLER = Phi(
    patient_name="Müller^Anna",
    patient_id="M1",
    birth_date="19700131",
    sex="F",
    study_description="CT Schädel",
    series_description="axial",
    referring_physician_name="Weiß^Ida",
)


@pytest.fixture
def ring(tmp_path: Path) -> FileKeyRing:
    """An empty key ring."""
    return FileKeyRing(tmp_path / "ring", SITE_KEY)


def service(
    path: Path, ring: Any, *images: InstanceStored, is_read: bool = True, **settings: Any
) -> QueryService:
    """A query service whose catalogue has `images`."""
    with closing(open_to_write(path)) as connection:
        CatalogueWriter(connection).write(images, {})
    catalogue = Catalogue(path)
    catalogue.set_read(is_read=is_read)
    config = QueryConfig(ae_title="TESTED", site=SITE, site_secret=SITE_SECRET, **settings)
    return QueryService(config, catalogue, ring, QueryLog(SITE, lambda _: None, lambda: datetime.now(UTC)))


@contextmanager
def serving(ring: Any, directory: Path, *images: InstanceStored, **settings: Any) -> Iterator[int]:
    """The port of a listener whose catalogue has `images`."""
    with listening(directory, service(directory / "c.sqlite", ring, *images, **settings)) as port:
        yield port


def associated(port: int) -> AbstractContextManager[Association]:
    """An association of a viewer, released at the end."""
    return dicom_listening.associated(port, STUDY_ROOT_FIND, "VIEWER")


def query(level: str = "STUDY", **values: Any) -> Dataset:
    """The level's unique key and the patient, and what is asked."""
    keys = Dataset()
    keys.SpecificCharacterSet = "ISO_IR 192"
    keys.QueryRetrieveLevel = level
    names = ("PatientName", "PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    for name in names[: 3 + ("STUDY", "SERIES", "IMAGE").index(level)]:
        setattr(keys, name, "")
    for name, value in values.items():
        setattr(keys, name, value)
    return keys


def find(port: int, keys: Dataset) -> tuple[list[Dataset], list[int]]:
    """The items and all statuses."""
    with associated(port) as association:
        answers = [(status.Status, item) for status, item in association.send_c_find(keys, STUDY_ROOT_FIND)]
    return [item for _, item in answers if item is not None], [status for status, _ in answers]


def studies(items: list[Dataset]) -> list[str]:
    """Their UIDs in the order of the answer."""
    return [item.StudyInstanceUID for item in items]


def test_findscu_finds_studies_with_what_is_counted_of_them(ring: FileKeyRing, tmp_path: Path) -> None:
    images = [
        stored(ring, 1, series, n, phi=MUELLER, modality=m)
        for series, m in ((1, "CT"), (2, "SR"))
        for n in (1, 2)
    ]
    asked = (
        *(
            "QueryRetrieveLevel=STUDY",
            "StudyDate=20260701-20260731",
            "StudyTime",
            "AccessionNumber",
            "StudyID",
        ),
        *("PatientName", "PatientID", "PatientBirthDate", "StudyInstanceUID", "ReferringPhysicianName"),
        *("StudyDescription", "ModalitiesInStudy=CT", "NumberOfStudyRelatedSeries"),
        *("NumberOfStudyRelatedInstances", "InstanceAvailability"),
    )
    with serving(ring, tmp_path, *images, stored(ring, 2, modality="MR")) as port:
        command = ["findscu", "-S", "-X", "-od", str(tmp_path), "-aec", "TESTED", "127.0.0.1", str(port)]
        keys = [part for key in asked for part in ("-k", key)]
        done = subprocess.run(
            [*command, *keys],
            env={**os.environ, "TCP_NODELAY": "1"},
            capture_output=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    [item] = [dcmread(path, force=True) for path in tmp_path.glob("rsp*.dcm")]
    assert (item.SpecificCharacterSet, item.PatientName, item.PatientID) == (
        "ISO_IR 192",
        "Müller^Anna",
        "M1",
    )
    assert (item.StudyDate, item.StudyTime, item.StudyID, item.AccessionNumber) == (
        "20260701",
        "0930",
        "S1",
        "A1",
    )
    assert (item.StudyDescription, item.ReferringPhysicianName) == ("CT Schädel", "Weiß^Ida")
    assert list(item.ModalitiesInStudy) == ["CT", "SR"]
    assert (item.NumberOfStudyRelatedSeries, item.NumberOfStudyRelatedInstances) == (2, 4)
    assert (item.RetrieveAETitle, item.InstanceAvailability) == ("TESTED", "ONLINE")


def test_the_levels_below_are_found_by_the_unique_keys_above(ring: FileKeyRing, tmp_path: Path) -> None:
    images = [stored(ring, 1, series, n, phi=MUELLER) for series in (1, 2) for n in (1, 2, 3)]
    with serving(ring, tmp_path, *images, stored(ring, 2)) as port:
        of_series = query(
            "SERIES", StudyInstanceUID="2.25.1", SeriesNumber="", Modality="CT", BodyPartExamined=""
        )
        of_series.SeriesDescription = of_series.NumberOfSeriesRelatedInstances = ""
        series, statuses = find(port, of_series)
        assert [(item.SeriesNumber, item.NumberOfSeriesRelatedInstances) for item in series] == [
            (1, 3),
            (2, 3),
        ]
        assert {item.SeriesDescription for item in series} == {"axial"}
        assert statuses == [0xFF00, 0xFF00, 0x0000]
        of_images = query(
            "IMAGE",
            StudyInstanceUID="2.25.1",
            SeriesInstanceUID="2.25.1.2",
            InstanceNumber="",
            Rows=None,
            Columns=None,
        )
        of_images.SOPClassUID = of_images.NumberOfFrames = ""
        found, _ = find(port, of_images)
        assert [item.SOPInstanceUID for item in found] == [f"2.25.1.2.{n}" for n in (1, 2, 3)]
        assert [(item.InstanceNumber, item.Rows, item.SOPClassUID) for item in found] == [
            (n, 512, CT) for n in (1, 2, 3)
        ]
        of_images.InstanceNumber = 2
        assert [item.SOPInstanceUID for item in find(port, of_images)[0]] == ["2.25.1.2.2"]


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"PatientID": "M2"}, [2]),
        ({"PatientID": "M*"}, [3, 2, 1]),
        ({"PatientName": "mÜLLER*"}, [1]),
        ({"PatientName": "?atient^3"}, [3]),
        ({"AccessionNumber": "A3"}, [3]),
        ({"AccessionNumber": "?3"}, [3]),
        ({"StudyInstanceUID": ["2.25.1", "2.25.3", "2.25.9"]}, [3, 1]),
        ({"StudyDate": "20260702-"}, [3, 2]),
        ({"StudyDate": "-20260702", "StudyTime": "09-10"}, [2, 1]),
        ({"StudyTime": "10-"}, []),
        ({"StudyID": "S2"}, [2]),
        ({"PatientBirthDate": "19700131"}, [1]),
        ({"PatientID": "7", "IssuerOfPatientID": "SOUTH"}, [4]),
        ({"PatientID": "7"}, [4]),
        ({"StudyDescription": "*Schädel"}, [1]),
    ],
)
def test_studies_are_matched_by_key(
    ring: FileKeyRing, tmp_path: Path, keys: dict[str, Any], found: list[int]
) -> None:
    of_south = Phi(patient_name="South^Sue", patient_id="7", issuer_of_patient_id="SOUTH")
    images = [stored(ring, 1, phi=MUELLER), stored(ring, 2), stored(ring, 3)]
    from_south = stored(ring, 4, phi=of_south, accession_number="A4", study_date=None, study_time=None)
    elsewhere = stored(ring, 5, phi=Phi(), study_date=None, study_time=None)
    known = stored(ring, 6, phi=Phi(), study_date=None, study_time=None)
    envelope = known.envelope
    object.__setattr__(envelope, "exam_id", "SOUTH|A6")
    with serving(ring, tmp_path, *images, from_south, elsewhere, known) as port:
        items, statuses = find(port, query(**keys))
    assert studies(items) == [f"2.25.{number}" for number in found]
    assert statuses[-1] == 0x0000


@pytest.mark.parametrize(
    ("level", "values"),
    [
        ("SERIES", {}),
        ("IMAGE", {"StudyInstanceUID": "2.25.1"}),
        ("IMAGE", {"StudyInstanceUID": ["2.25.1", "2.25.2"], "SeriesInstanceUID": "2.25.1.1"}),
        ("STUDY", {"QueryRetrieveLevel": "PATIENT"}),
        ("STUDY", {"QueryRetrieveLevel": ""}),
        ("STUDY", {"StudyDate": "20260101-20260202-"}),
    ],
)
def test_an_identifier_that_the_model_does_not_have_does_not_match(
    ring: FileKeyRing, tmp_path: Path, level: str, values: dict[str, Any]
) -> None:
    with serving(ring, tmp_path, stored(ring)) as port, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's, of what is sent on purpose
        assert find(port, query(level, **values)) == ([], [0xA900])


def test_an_erased_patient_is_found_at_no_level(ring: FileKeyRing, tmp_path: Path) -> None:
    images = [stored(ring, 1, phi=MUELLER), stored(ring, 2)]
    ring.destroy(key_of(MUELLER))
    later = stored(ring, 1, 7, phi=MUELLER)  # what comes after the erasure is of the next key
    with serving(ring, tmp_path, *images) as port:
        assert studies(find(port, query())[0]) == ["2.25.2"]
        assert find(port, query(PatientID="M1")) == ([], [0x0000])
        for level in ("SERIES", "IMAGE"):
            keys = query(level, StudyInstanceUID="2.25.1")
            keys.SeriesInstanceUID = "2.25.1.1"
            assert find(port, keys) == ([], [0x0000])
    with serving(ring, tmp_path, later) as port:
        [found], _ = find(port, query(StudyInstanceUID="2.25.1", NumberOfStudyRelatedInstances=""))
        assert found.NumberOfStudyRelatedInstances == 1


def test_images_without_a_patients_id_are_found_without_a_patient(ring: FileKeyRing, tmp_path: Path) -> None:
    with serving(ring, tmp_path, stored(ring, phi=Phi())) as port:
        [item], _ = find(port, query())
        assert (item.StudyInstanceUID, item.PatientName, item.PatientID) == ("2.25.1", "", "")
        assert find(port, query(PatientName="M*"))[0] == []


def test_a_key_that_is_not_supported_is_warned_of(ring: FileKeyRing, tmp_path: Path) -> None:
    with serving(ring, tmp_path, stored(ring)) as port:
        items, statuses = find(port, query(EthnicGroup="unknown here"))
    assert statuses == [0xFF01, 0x0000]
    assert "EthnicGroup" not in items[0]


def test_a_cancel_ends_the_answer(tmp_path: Path) -> None:
    ring = ThrowawayKeyRing()
    images = [stored(ring, number) for number in range(3_000)]
    statuses: list[int] = []
    with serving(ring, tmp_path, *images) as port, associated(port) as association:
        for status, _ in association.send_c_find(query(), STUDY_ROOT_FIND, msg_id=9):
            if not statuses:
                association.send_c_cancel(9, query_model=STUDY_ROOT_FIND)
            statuses.append(status.Status)
    assert statuses[-1] == 0xFE00
    assert len(statuses) < 3_000


@pytest.mark.parametrize(
    ("settings", "answers"),
    [({"maximum_answers": 2}, 2), ({"maximum_rows": 1}, 1), ({"is_read": False, "await_s": 0.05}, 0)],
)
def test_what_is_too_much_or_not_read_yet_ends_out_of_resources(
    ring: FileKeyRing, tmp_path: Path, settings: dict[str, Any], answers: int
) -> None:
    with serving(ring, tmp_path, *(stored(ring, n) for n in (1, 2, 3)), **settings) as port:
        assert find(port, query())[1] == [0xFF00] * answers + [0xA700]


@given(
    numbers=st.lists(st.integers(1, 31), unique=True, max_size=8),
    first=st.integers(1, 31),
    last=st.integers(1, 31),
    wanted=st.lists(st.integers(1, 31), max_size=3),
)
def test_the_indexes_leave_out_nothing_that_matches(
    numbers: list[int],
    first: int,
    last: int,
    wanted: list[int],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    ring = ThrowawayKeyRing()
    path = tmp_path_factory.mktemp("c") / "c.sqlite"
    answering = service(path, ring, *(stored(ring, number) for number in numbers))
    dates = Key("StudyDate", "DA", (f"202607{first:02d}-202607{last:02d}",))
    among = Key("StudyInstanceUID", "UI", tuple(f"2.25.{number}" for number in wanted))
    patients = Key("PatientID", "LO", tuple(f"M{number}" for number in wanted))
    accessions = Key("AccessionNumber", "SH", tuple(f"A{number}" for number in wanted))
    in_range = {number for number in numbers if first <= number <= last}
    for key in (among, patients, accessions):
        items = [item for item in answering.items((dates, key), Level.STUDY) if item is not None]
        expected = in_range & set(wanted) if wanted else in_range
        assert {item["StudyInstanceUID"] for item in items} == {f"2.25.{number}" for number in expected}
        assert {item["PatientID"] for item in items} == {f"M{number}" for number in expected}
