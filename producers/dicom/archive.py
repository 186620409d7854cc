"""The image archive in the object store: sealed, written once, never overwritten.

Keys: `studies/<StudyInstanceUID>/<SeriesInstanceUID>/<SOPInstanceUID>.dcm`, and under `quarantine/` what has
a UID that another image has already. Each object's SHA-256, of what is stored, stands in its metadata.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import BinaryIO, TypeVar, cast
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from producers.dicom.attributes import InstanceAttributes
from producers.dicom.config import ArchiveConfig
from producers.dicom.received import SealedFile

SHA256_METADATA = "x-amz-meta-sha256"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Answer = TypeVar("Answer")


class ArchiveUnavailable(Exception):
    """The object store gives no answer, or not the one that it should."""


class Put(Enum):
    """What a put found."""

    NEW = "new"
    SAME = "same"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class StudyTotals:
    """What the archive has of a study. last_stored_at: UTC, by the object store's clock."""

    series_count: int
    instance_count: int
    size_bytes: int
    last_stored_at: datetime


def object_key(attributes: InstanceAttributes) -> str:
    """Where an image belongs."""
    return f"studies/{attributes.object_path}.dcm"


def quarantine_key(attributes: InstanceAttributes, sha256: str) -> str:
    """Where an image goes whose UID is taken."""
    return f"quarantine/{attributes.object_path}/{sha256}.dcm"


class _ConditionalMinio(Minio):
    """MinIO's client has no public call for a put that is conditional; S3 has, and so has every server."""

    def create_object(self, bucket: str, key: str, content: bytes, sha256: str) -> None:
        """Put unless there is such a key: S3Error with code PreconditionFailed."""
        headers: dict[str, str | list[str] | tuple[str]] = {
            # No "application/dicom": what is stored is sealed.
            "Content-Type": "application/octet-stream",
            "If-None-Match": "*",
            SHA256_METADATA: sha256,
        }
        self._put_object(bucket, key, content, headers)


class ImageArchive:
    """Safe to use from many threads."""

    def __init__(self, config: ArchiveConfig) -> None:
        """Does not connect yet."""
        address = urlsplit(config.endpoint)
        self._bucket = config.bucket
        self._http = urllib3.PoolManager(
            maxsize=config.connections,
            timeout=urllib3.Timeout(connect=2.0, read=config.timeout_s),
            # Reads are not repeated: the sender's patience is the bound. A repeated put is harmless.
            retries=urllib3.Retry(total=2, read=0, backoff_factor=0.1, status_forcelist=(500, 502, 503, 504)),
        )
        self._client = _ConditionalMinio(
            address.netloc,
            access_key=config.access_key,
            secret_key=config.secret_key,
            secure=address.scheme == "https",
            http_client=self._http,
        )

    def ensure_bucket(self) -> None:
        """Make the bucket where there is none. Raises ArchiveUnavailable."""
        if _ask(lambda: self._client.bucket_exists(self._bucket)):
            return
        with suppress(_BucketIsThere):
            _ask(lambda: self._client.make_bucket(self._bucket))

    def put(self, key: str, file: SealedFile) -> Put:
        """Store `file` unless the key is taken, and say by what. Raises ArchiveUnavailable."""
        try:
            _ask(lambda: self._client.create_object(self._bucket, key, file.content, file.sha256))
        except _KeyIsTaken:
            found = _ask(lambda: self._client.stat_object(self._bucket, key))
            digest = (found.metadata or {}).get(SHA256_METADATA)
            return Put.SAME if digest == file.sha256 else Put.OTHER
        return Put.NEW

    def holds(self, key: str, sha256: str) -> bool:
        """Whether the object is there, and is that one. Raises ArchiveUnavailable."""
        try:
            found = _ask(lambda: self._client.stat_object(self._bucket, key))
        except _NoSuchKey:
            return False
        return (found.metadata or {}).get(SHA256_METADATA) == sha256

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

    def totals(self, study_instance_uid: str) -> StudyTotals:
        """Count what there is of the study. Raises ArchiveUnavailable."""
        prefix = f"studies/{study_instance_uid}/"
        found = _ask(lambda: list(self._client.list_objects(self._bucket, prefix, recursive=True)))
        images = [image for image in found if (image.object_name or "").endswith(".dcm")]
        return StudyTotals(
            series_count=len({(image.object_name or "").split("/")[2] for image in images}),
            instance_count=len(images),
            size_bytes=sum(image.size or 0 for image in images),
            last_stored_at=max((image.last_modified or _EPOCH for image in images), default=_EPOCH),
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._http.clear()


class _KeyIsTaken(Exception):
    pass


class _NoSuchKey(Exception):
    pass


class _BucketIsThere(Exception):
    pass


def _ask(ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except S3Error as error:
        if error.code == "PreconditionFailed":
            raise _KeyIsTaken from None
        if error.code == "NoSuchKey":
            raise _NoSuchKey from None
        if error.code in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
            raise _BucketIsThere from None
        raise ArchiveUnavailable(f"object store: {error.code}") from error
    except (MinioException, HTTPError, OSError) as error:
        raise ArchiveUnavailable(f"object store: {type(error).__name__}") from error
