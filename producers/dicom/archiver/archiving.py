"""One image from the spool into the object store, wherever it belongs there."""

from __future__ import annotations

from dataclasses import dataclass

from producers.dicom.archive.archive import ImageArchive, ObjectRefused, Put, object_key, quarantine_key
from producers.dicom.archiver.checking import EntryContent, checked_facts
from producers.dicom.spool.entry import Digest, EntryDamaged, EntryFile
from producers.dicom.spool.reader import Entry
from producers.dicom.storage.instance_facts import InstanceFacts
from schemas.errors import KeyNotFound
from schemas.phi import KeyRing


class NeverArchived(Exception):
    """It would be so again at every attempt: the entry is set aside. The text carries no PHI."""


@dataclass(frozen=True, slots=True)
class Archived:
    """An image that the object store has. quarantined_as: its key, where its UID is another image's."""

    entry: Entry
    facts: InstanceFacts
    quarantined_as: str | None


class ImageArchiver:
    """Safe to use from many threads."""

    def __init__(self, archive: ImageArchive, ring: KeyRing) -> None:
        self._archive = archive
        self._ring = ring

    def put(self, entry: Entry) -> Archived:
        """Put it where it belongs. An image that is there is not put again.

        Raises NeverArchived, ArchiveUnavailable, KeyRingUnusable, OSError.
        """
        try:
            facts = checked_facts(self._ring, entry.file)
            return Archived(entry, facts, self._put(entry.file, facts))
        except KeyNotFound:  # an image that nobody can open any more needs no place in the archive
            raise NeverArchived("its patient was erased") from None
        except (EntryDamaged, ObjectRefused) as error:
            raise NeverArchived(str(error)) from error
        except (KeyError, TypeError, ValueError) as error:
            raise NeverArchived(f"facts that are none: {type(error).__name__}") from error

    def _put(self, file: EntryFile, facts: InstanceFacts) -> str | None:
        content, digest = EntryContent(file), Digest(facts.size_bytes, facts.sha256)
        if self._archive.put(object_key(facts.attributes), content, digest) is not Put.OTHER:
            return None
        key = quarantine_key(facts.attributes, facts.sha256)
        self._archive.put(key, content, digest)
        return key
