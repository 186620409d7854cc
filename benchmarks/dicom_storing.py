"""Where the listener's CPU goes once a CT slice of 525 KB has been read from its connection.

Ours: copying and hashing its bytes as they come, reading its head, sealing it, and making it durable in a
file of the spool that was used before; `whole` is the storer from head to spool. Beside it two steps done
plainly: the head read by pydicom; the sealed object hashed too, and written to a new file, in a spool from
which others are deleted. CPU of this process in milliseconds: what the kernel does for it counts, waiting
for the disk does not.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from random import Random
from typing import cast

from pydicom.filereader import read_dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from benchmarks.dicom_slices import SliceTemplate, identities
from benchmarks.harness import Options, Result, cpu_us_per_call, parse_options, progress, report
from producers.dicom.associations.libraries import configure_libraries
from producers.dicom.mapping import MappingConfig
from producers.dicom.spool.reader import SpoolReader
from producers.dicom.spool.spool import Spool, SpoolConfig
from producers.dicom.storage.attributes import read_attributes
from producers.dicom.storage.content_writer import ContentWriter
from producers.dicom.storage.received import Received, ReceivedFile, file_head, sealed_pieces
from producers.dicom.storage.storing import ImageStorer, SendingAssociation
from producers.publishing import EventPublisher
from schemas.keyring import FileKeyRing

_SLICES = 64
_FRAGMENT_BYTES = 131_000
_PATIENT = "ab" * 32


def received(directory: Path, data_set: bytes, instance: str) -> Received:
    """As the listener's receiver makes it."""
    head = file_head(CTImageStorage, instance, ExplicitVRLittleEndian)
    writer, view = ContentWriter(directory, head=head), memoryview(data_set)
    for at in range(0, len(view), _FRAGMENT_BYTES):
        writer.write(view[at : at + _FRAGMENT_BYTES])
    file = ReceivedFile(writer.finish(), len(head), writer.sha256)
    return Received(CTImageStorage, instance, ExplicitVRLittleEndian, "CT01", file.data_set, file)


class _Spool:
    """One that is emptied as it fills: by the archiver's reader, or by deleting."""

    def __init__(self, directory: Path, *, is_used_again: bool) -> None:
        self.spool = Spool(SpoolConfig(directory=directory))
        self._directory, self._reader = directory, SpoolReader(directory)
        self._is_used_again, self._count = is_used_again, 0

    def emptied(self, append: Callable[[], object]) -> Callable[[], object]:
        """`append`, with every 64th of them all that waits gone."""

        def one() -> None:
            append()
            self._count += 1
            if self._count % _SLICES == 0:
                self._empty()

        return one

    def _empty(self) -> None:
        if self._is_used_again:
            self._reader.remove(self._reader.read(self._reader.names()))
            return
        for path in self._directory.iterdir():
            path.unlink()


def _measured(directory: Path, seconds: float) -> Result:
    template, ring = SliceTemplate(), FileKeyRing(directory / "keys", b"k" * 32)
    made = identities(_SLICES, Random(1), studies=2)
    data_sets = [template.data_set(identity) for identity in made]
    came = [
        received(directory, *pair) for pair in zip(data_sets, (one.instance for one in made), strict=True)
    ]
    sealed = list(_sealed(ring, came[0]))
    used = _Spool(directory / "used", is_used_again=True)
    new = _Spool(directory / "new", is_used_again=False)
    storer = ImageStorer(
        config=MappingConfig("BENCHMARK", b"s" * 32),
        ring=ring,
        spool=used.spool,
        publisher=cast("EventPublisher", None),  # asked only for what is refused
        now=lambda: datetime.now(UTC),
    )
    sender, images = SendingAssociation(), cycle(came)

    def ms(name: str, call: Callable[[], object]) -> float:
        progress(name)
        return round(cpu_us_per_call(call, seconds=seconds) / 1000, 3)

    def append_to(spool: Spool) -> None:
        spool.append_image(len(data_sets[0]), sealed, {})

    def append_plainly() -> None:
        hashlib.sha256(b"".join(sealed)).hexdigest()
        append_to(new.spool)

    ours = {
        "receive_ms": ms("copy and hash", lambda: received(directory, data_sets[0], made[0].instance)),
        "head_ms": ms("read the head", lambda: read_attributes(came[0], UTC)),
        "seal_ms": ms("seal", lambda: list(_sealed(ring, came[0]))),
        "spool_ms": ms("spool", used.emptied(lambda: append_to(used.spool))),
        "whole_ms": ms("store", used.emptied(lambda: storer.store(sender, next(images)))),
    }
    plainly = {
        "head_ms": ms("pydicom's head", lambda: _read_by_pydicom(came[0])),
        "spool_ms": ms("a new file, and its hash", new.emptied(append_plainly)),
    }
    used.spool.close()
    new.spool.close()
    return Result(benchmark="dicom_storing", ours=ours, peers={"plainly": plainly})


def _sealed(ring: FileKeyRing, one: Received) -> Iterator[bytes]:
    assert one.file is not None  # noqa: S101 - `received` gives it one
    return sealed_pieces(ring, _PATIENT, one.sop_instance_uid, one.file.content, one.file.sha256)


def _read_by_pydicom(one: Received) -> object:
    with one.content.open() as stream:
        head = read_dataset(
            stream, is_implicit_VR=False, is_little_endian=True, stop_when=lambda tag, *_: tag >= 0x7FE00000
        )
    return [element.value for element in head]


def measure(options: Options) -> Result:
    """All figures."""
    configure_libraries()
    with tempfile.TemporaryDirectory(prefix="radstream-bench-") as place:
        return _measured(Path(place), 0.5 if options.quick else 4.0)


def main() -> None:
    """From the command line."""
    options = parse_options(__doc__)
    report(measure(options), options)


if __name__ == "__main__":
    main()
