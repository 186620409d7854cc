"""The catalogue of images: written from the log, by offsets, and made anew where it is lost."""

from __future__ import annotations

import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Producer
from hypothesis import given
from hypothesis import strategies as st

from producers.dicom.catalogue.catalogue import Catalogue, CatalogueInstance, Selection
from producers.dicom.catalogue.reader import CatalogueReader
from producers.dicom.catalogue.store import CatalogueUnavailable, open_to_write
from producers.dicom.catalogue.writing import CatalogueWriter, Place
from producers.throwaway_keys import ThrowawayKeyRing
from schemas.events import InstanceStored
from schemas.identity import exam_id_of_accession
from schemas.keyring import FileKeyRing
from schemas.parts import Phi
from schemas.topics import INSTANCES
from tests.producing import SITE, SITE_KEY, mock_kafka, offline_codec
from tests.stored_images import EXPLICIT, key_of, stored

RING = ThrowawayKeyRing()
ALL = Selection(("2.25.1", "2.25.2", "2.25.3"))


@contextmanager
def written(path: Path, *images: InstanceStored) -> Iterator[Catalogue]:
    """A catalogue of `images`."""
    with closing(open_to_write(path)) as connection:
        CatalogueWriter(connection).write(images, {0: Place(len(images), b"digest")})
        yield Catalogue(path)


def test_an_image_is_found_with_what_commitment_and_retrieval_need(tmp_path: Path) -> None:
    image = stored(RING, 1, 2, 3)
    with written(tmp_path / "c.sqlite", image) as catalogue:
        found = catalogue.instance("2.25.1.2.3")
        assert found == CatalogueInstance(
            sop_instance_uid="2.25.1.2.3",
            sop_class_uid=image.sop_class_uid,
            study_instance_uid="2.25.1",
            series_instance_uid="2.25.1.2",
            transfer_syntax_uid=EXPLICIT,
            object_key=image.object_key,
            size_bytes=1000,
            sha256="ab" * 32,
            patient_key=key_of(Phi(patient_id="M1")),
            exam_id=exam_id_of_accession(SITE, "A1"),
            accession_number="A1",
        )
        assert catalogue.instance("2.25.1.2.4") is None


def test_an_object_that_lies_elsewhere_is_found_there(tmp_path: Path) -> None:
    with written(tmp_path / "c.sqlite", stored(RING, object_key="elsewhere/1.dcm")) as catalogue:
        found = catalogue.instance("2.25.1.1.1")
        assert found is not None
        assert found.object_key == "elsewhere/1.dcm"


def test_images_are_selected_at_each_level_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    images = [stored(RING, 1, series, image) for series in (2, 1) for image in (3, 1, 2)]
    with written(tmp_path / "c.sqlite", *images, stored(RING, 2)) as catalogue:
        study = Selection(("2.25.1",))
        assert [found.sop_instance_uid for found in catalogue.instances(study, 100)] == [
            f"2.25.1.{series}.{image}" for series in (1, 2) for image in (1, 2, 3)
        ]
        series = Selection(("2.25.1",), ("2.25.1.2",))
        one = Selection(("2.25.1",), ("2.25.1.2",), ("2.25.1.2.3", "2.25.1.1.1"))
        assert [len(catalogue.instances(selection, 100)) for selection in (study, series, one)] == [6, 3, 1]
        assert len(catalogue.instances(study, 4)) == 4


@given(order=st.permutations(range(12)), again=st.lists(st.integers(0, 11), max_size=6))
def test_the_counts_are_those_of_the_images_in_whatever_order_and_however_often(
    order: list[int], again: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    images = [stored(RING, 1 + number % 2, 1 + number % 3, number) for number in range(12)]
    path = tmp_path_factory.mktemp("c") / "c.sqlite"
    with written(path, *(images[number] for number in [*order, *again])) as catalogue:
        with catalogue.reading() as connection:
            counts = connection.execute("SELECT instance_count FROM series").fetchall()
        assert [count[0] for count in counts] == [2] * 6
        assert len(catalogue.instances(ALL, 100)) == 12


def test_a_study_takes_the_accession_number_that_comes_later(tmp_path: Path) -> None:
    first, second = stored(RING, 1, 1, 1, accession_number=None), stored(RING, 1, 1, 2, accession_number="A7")
    with written(tmp_path / "c.sqlite", first, second) as catalogue:
        assert {found.accession_number for found in catalogue.instances(ALL, 100)} == {"A7"}


def test_images_and_offsets_are_written_together_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    with closing(open_to_write(path)) as connection:
        writer = CatalogueWriter(connection)
        broken = stored(RING, 2, size_bytes="none", object_key=None)
        object.__setattr__(broken, "size_bytes", None)
        with pytest.raises(sqlite3.IntegrityError):
            writer.write([stored(RING, 1), broken], {0: Place(1, b"b")})
        assert writer.places() == {}
        places = {0: Place(0, b"a"), 3: Place(9, b"c")}
        writer.write([stored(RING, 1)], places)
    with closing(open_to_write(path)) as connection:
        assert CatalogueWriter(connection).places() == places
    assert len(Catalogue(path).instances(ALL, 100)) == 1


def test_there_is_no_patient_in_clear_on_disk_and_nobody_else_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "catalogue" / "c.sqlite"
    phi = Phi(patient_name="Geheim^Greta", patient_id="MRN-8817", study_description="Verborgenes")
    with written(path, stored(RING, phi=phi)):
        files = list(path.parent.iterdir())
        assert len(files) == 3
        for file in files:
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            for secret in (b"Geheim", b"Greta", b"8817", b"Verborgen"):
                assert secret not in file.read_bytes()


def test_without_its_file_it_says_that_it_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(CatalogueUnavailable):
        Catalogue(tmp_path / "c.sqlite").instance("2.25.1")


@contextmanager
def following(bootstrap: str, path: Path) -> Iterator[Catalogue]:
    """A catalogue that a reader makes."""
    catalogue = Catalogue(path)
    reader = CatalogueReader(bootstrap, offline_codec(), catalogue)
    reader.start()
    try:
        yield catalogue
    finally:
        reader.close()


def until(holds: Callable[[], bool]) -> None:
    """Wait for it."""
    deadline_s = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline_s, "it does not come"
        time.sleep(0.02)


def counted(catalogue: Catalogue) -> int:
    """How many images it has; none while it is made anew."""
    try:
        return len(catalogue.instances(ALL, 100))
    except CatalogueUnavailable:
        return -1


@pytest.mark.parametrize(
    "loss", ["none", "missing", "damaged", "found damaged", "another topic", "shorter topic"]
)
def test_it_follows_the_log_and_is_made_anew_where_it_is_lost(tmp_path: Path, loss: str) -> None:
    ring = FileKeyRing(tmp_path / "ring", SITE_KEY)
    path, codec = tmp_path / "c.sqlite", offline_codec()
    with mock_kafka() as bootstrap:
        producer = Producer({"bootstrap.servers": bootstrap})

        def say(*images: InstanceStored) -> None:
            for image in images:
                producer.produce(INSTANCES, codec.encode(image), image.envelope.exam_id)
            assert producer.flush(10) == 0

        say(stored(ring, 1), stored(ring, 2))
        producer.produce(INSTANCES, b"no event of ours", "A")
        with following(bootstrap, path) as catalogue:
            assert catalogue.await_read(30)
            assert len(catalogue.instances(ALL, 100)) == 2
            say(stored(ring, 1, 1, 2))
            until(lambda: counted(catalogue) == 3)
        lose(path, loss)
        with following(bootstrap, path) as catalogue:
            say(stored(ring, 3))
            if loss == "found damaged":
                assert catalogue.await_read(30)
                path.write_bytes(b"\x00" * path.stat().st_size)
            until(lambda: counted(catalogue) == 4)
            until(catalogue.is_read)


def lose(path: Path, loss: str) -> None:
    """Between two runs."""
    if loss == "missing":
        path.unlink()
    elif loss == "damaged":
        path.write_bytes(b"no database at all" * 1000)
    elif loss == "another topic":
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE places SET digest = x'00'")
    elif loss == "shorter topic":
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE places SET last_offset = 10000")
