"""The image archive in the object store: sealed, written once, never overwritten.

Keys: `studies/<StudyInstanceUID>/<SeriesInstanceUID>/<SOPInstanceUID>.dcm`, and under `quarantine/` what has
a UID that another image has already. Each object's SHA-256, of what is stored, stands in its metadata.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from typing import BinaryIO, TypeVar, cast

from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from producers.dicom.config import ArchiveConfig
from producers.dicom.spool.entry import Digest
from producers.dicom.storage.attributes import InstanceAttributes
from schemas.conditional_minio import SHA256_METADATA, ConditionalMinio, KeyIsTaken, patient_connections

# A server may answer that the key is taken, and hang up, while much is still to be sent.
_ASK_FIRST_BYTES = 4 * 2**20
_REFUSALS = frozenset({"EntityTooLarge", "InvalidObjectName", "KeyTooLongError", "XMinioInvalidObjectName"})
Answer = TypeVar("Answer")


class ArchiveUnavailable(Exception):
    """The object store gives no answer, or not the one that it should."""


class ObjectRefused(Exception):
    """The object store will never take this object."""


class Put(Enum):
    """What a put found."""

    NEW = "new"
    SAME = "same"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An image that the archive has."""

    series_instance_uid: str
    sop_instance_uid: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class StudyTotals:
    """What the archive has of a study."""

    series_count: int
    instance_count: int
    size_bytes: int


def totals_of(images: Sequence[StoredObject]) -> StudyTotals:
    """The images of one study, counted."""
    return StudyTotals(
        series_count=len({image.series_instance_uid for image in images}),
        instance_count=len(images),
        size_bytes=sum(image.size_bytes for image in images),
    )


def object_key(attributes: InstanceAttributes) -> str:
    """Where an image belongs."""
    return f"studies/{attributes.object_path}.dcm"


def quarantine_key(attributes: InstanceAttributes, sha256: str) -> str:
    """Where an image goes whose UID is taken."""
    return f"quarantine/{attributes.object_path}/{sha256}.dcm"


class ImageArchive:
    """Safe to use from many threads."""

    def __init__(self, config: ArchiveConfig) -> None:
        """Does not connect yet."""
        self._bucket = config.bucket
        self._http = patient_connections(timeout_s=config.timeout_s, connections=config.connections)
        self._client = ConditionalMinio.connecting(
            config.endpoint, config.access_key, config.secret_key, self._http
        )

    def ensure_bucket(self) -> None:
        """Make the bucket where there is none. Raises ArchiveUnavailable."""
        if _ask(lambda: self._client.bucket_exists(self._bucket)):
            return
        with suppress(_BucketIsThere):
            _ask(lambda: self._client.make_bucket(self._bucket))

    def put(self, key: str, body: Iterable[bytes], digest: Digest) -> Put:
        """Store it unless the key is taken, and say by what. Raises ArchiveUnavailable or ObjectRefused.

        `body` is iterated again where the connection broke; `digest` is of all its pieces together.
        """
        if digest.size_bytes > _ASK_FIRST_BYTES and (known := self._digest(key)) is not None:
            return Put.SAME if known == digest.sha256 else Put.OTHER
        try:
            _ask(
                lambda: self._client.create_object(
                    self._bucket, key, body, size_bytes=digest.size_bytes, sha256=digest.sha256
                )
            )
        except KeyIsTaken:
            return Put.SAME if self.holds(key, digest.sha256) else Put.OTHER
        return Put.NEW

    def holds(self, key: str, sha256: str) -> bool:
        """Whether the object is there, and is that one. Raises ArchiveUnavailable."""
        return self._digest(key) == sha256

    def _digest(self, key: str) -> str | None:
        """The SHA-256 of the object, empty where it has none; None where there is no object."""
        try:
            found = _ask(lambda: self._client.stat_object(self._bucket, key))
        except _NoSuchKey:
            return None
        return (found.metadata or {}).get(SHA256_METADATA) or ""

    @contextmanager
    def stream(self, key: str) -> Iterator[BinaryIO]:
        """The object, read once from its beginning. Raises ArchiveUnavailable, also where there is none."""
        try:
            response = _ask(lambda: self._client.get_object(self._bucket, key))
        except _NoSuchKey:
            raise ArchiveUnavailable("object store: no such object") from None
        try:
            yield cast("BinaryIO", response)
        except HTTPError as error:
            raise ArchiveUnavailable(f"object store broke off: {type(error).__name__}") from error
        finally:
            response.close()
            response.release_conn()

    def images_of(self, study_instance_uid: str) -> list[StoredObject]:
        """What there is of the study. Raises ArchiveUnavailable."""
        prefix = f"studies/{study_instance_uid}/"
        found = _ask(lambda: list(self._client.list_objects(self._bucket, prefix, recursive=True)))
        images = []
        for image in found:
            name = (image.object_name or "").removeprefix(prefix)
            if name.endswith(".dcm"):
                series, _, instance = name.removesuffix(".dcm").partition("/")
                images.append(StoredObject(series, instance, image.size or 0))
        return images

    def close(self) -> None:
        """Let go of the connections."""
        self._http.clear()


class _NoSuchKey(Exception):
    pass


class _BucketIsThere(Exception):
    pass


def _ask(ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except S3Error as error:
        if error.code == "NoSuchKey":
            raise _NoSuchKey from None
        if error.code in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
            raise _BucketIsThere from None
        if error.code in _REFUSALS:
            raise ObjectRefused(f"object store: {error.code}") from error
        raise ArchiveUnavailable(f"object store: {error.code}") from error
    except (MinioException, HTTPError, OSError) as error:
        raise ArchiveUnavailable(f"object store: {type(error).__name__}") from error
