"""The archive's bucket: objects that are written once, locked, and read back."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from typing import TypeVar

from minio.datatypes import Object
from minio.error import MinioException, S3Error
from minio.retention import Retention
from minio.time import to_iso8601utc
from urllib3.exceptions import HTTPError

from schemas.conditional_minio import ConditionalMinio, KeyIsTaken, patient_connections
from sinks.archive.config import ArchiveStoreConfig
from sinks.archive.errors import ArchiveUnavailable, ObjectMissing

Answer = TypeVar("Answer")
_GONE = frozenset({"NoSuchKey", "NoSuchBucket"})
_UNLOCKED = frozenset({"NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"})
_NEVER = datetime.fromtimestamp(0, UTC)
_OWNED = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})


class ArchiveStore:
    """Safe to use from many threads."""

    def __init__(self, config: ArchiveStoreConfig) -> None:
        """Does not connect yet."""
        self._config = config
        self._http = patient_connections(timeout_s=config.timeout_s, connections=config.connections)
        self._client = ConditionalMinio.connecting(
            config.endpoint, config.access_key, config.secret_key, self._http
        )

    def ensure_bucket(self) -> None:
        """Make the bucket where there is none: object lock can only be given then.

        Raises ArchiveUnavailable, also where the bucket is there and has no object lock though it shall.
        """
        config = self._config
        if not _ask(lambda: self._client.bucket_exists(config.bucket)):
            try:
                self._client.make_bucket(config.bucket, object_lock=config.lock != "off")
            except S3Error as error:
                if error.code not in _OWNED:
                    raise ArchiveUnavailable(f"object store: {error.code}") from error
        if config.lock != "off":
            self._require_lock()

    def _require_lock(self) -> None:
        try:
            self._client.get_object_lock_config(self._config.bucket)
        except S3Error as error:
            raise ArchiveUnavailable(
                f"the bucket {self._config.bucket} was made without object lock ({error.code}): name another "
                "with RADSTREAM_ARCHIVE_BUCKET, or set RADSTREAM_ARCHIVE_LOCK=off"
            ) from error
        except (MinioException, HTTPError, OSError) as error:
            raise ArchiveUnavailable(f"object store: {type(error).__name__}") from error

    def put(self, name: str, content: bytes) -> bytes:
        """What the store has under that name after: `content`, unless another was there. Read back to be
        sure.

        Raises ArchiveUnavailable.
        """
        digest = hashlib.sha256(content).hexdigest()
        try:
            _ask(
                lambda: self._client.create_object(
                    self._config.bucket,
                    name,
                    (content,),
                    size_bytes=len(content),
                    sha256=digest,
                    extra=self._lock_headers(content),
                )
            )
        except KeyIsTaken:
            return self.get(name)
        stored = self.get(name)
        if stored != content:
            raise ArchiveUnavailable(f"the object store gives back other bytes than it was given: {name}")
        return stored

    def _lock_headers(self, content: bytes) -> dict[str, str]:
        retention = self._retention()
        if retention is None:
            return {}
        return {
            "x-amz-object-lock-mode": retention.mode,
            "x-amz-object-lock-retain-until-date": str(to_iso8601utc(retention.retain_until_date)),
            # S3 takes a locked object only with a checksum of this kind.
            "Content-MD5": base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode(),
        }

    def get(self, name: str) -> bytes:
        """The object. Raises ObjectMissing or ArchiveUnavailable."""
        return _ask(partial(self._read, name, None))

    def names(self, prefix: str, after: str | None = None) -> Iterator[str]:
        """The objects under `prefix`, in order, those after the name `after`. Raises ArchiveUnavailable."""

        def listed() -> list[str]:
            found = self._client.list_objects(
                self._config.bucket, prefix=prefix, recursive=True, start_after=after
            )
            return [str(one.object_name) for one in found]

        yield from sorted(_ask(listed))

    def earlier_versions(self, name: str) -> list[str]:
        """What was stored under that name before what is there: the store keeps what is locked.

        The versions' ids, the latest first. Raises ArchiveUnavailable, ObjectMissing.
        """
        found = [one for one in _ask(partial(self._versions_of, name)) if not one.is_delete_marker]
        return [str(one.version_id) for one in found if str(one.is_latest).lower() != "true"]

    def versions(self, name: str) -> list[str | None]:
        """Ids of everything that is stored under that name. Raises ArchiveUnavailable, ObjectMissing."""
        return [one.version_id for one in _ask(partial(self._versions_of, name))]

    def _versions_of(self, name: str) -> list[Object]:
        found = self._client.list_objects(self._config.bucket, prefix=name, include_version=True)
        return [one for one in found if one.object_name == name]

    def get_version(self, name: str, version_id: str) -> bytes:
        """An earlier object of that name. Raises ObjectMissing or ArchiveUnavailable."""
        return _ask(partial(self._read, name, version_id))

    def _read(self, name: str, version_id: str | None) -> bytes:
        response = self._client.get_object(self._config.bucket, name, version_id=version_id)
        try:
            return bytes(response.read())
        finally:
            response.close()
            response.release_conn()

    def locked_until(self, name: str) -> datetime:
        """Until when the store keeps the object whatever anybody says, UTC; the epoch where it is not locked.

        Raises ArchiveUnavailable, ObjectMissing.
        """
        if self._config.lock == "off":
            return _NEVER
        try:
            kept = self._client.get_object_retention(self._config.bucket, name)
        except S3Error as error:
            if error.code in _UNLOCKED:
                return _NEVER
            raise ArchiveUnavailable(f"object store: {error.code}") from error
        except (MinioException, HTTPError, OSError) as error:
            raise ArchiveUnavailable(f"object store: {type(error).__name__}") from error
        return _NEVER if kept is None else kept.retain_until_date.replace(tzinfo=UTC)

    def remove(self, name: str) -> None:
        """Let go all that is stored under that name. Raises ArchiveUnavailable, also where it is locked."""
        for version in self.versions(name):
            _ask(partial(self._client.remove_object, self._config.bucket, name, version))

    def restore(self, name: str, content: bytes) -> None:
        """Lay `content` over what is stored under that name, or is not there. Raises ArchiveUnavailable."""
        bucket, size = self._config.bucket, len(content)
        _ask(
            lambda: self._client.put_object(bucket, name, BytesIO(content), size, retention=self._retention())
        )
        if self.get(name) != content:
            raise ArchiveUnavailable(f"the object store gives back other bytes than it was given: {name}")

    def _retention(self) -> Retention | None:
        if self._config.lock == "off":
            return None
        until = datetime.now(UTC) + timedelta(days=self._config.lock_days)
        return Retention(self._config.lock.upper(), until)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.clear()


def _ask(ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except S3Error as error:
        if error.code in _GONE:
            missing = error.object_name or f"bucket {error.bucket_name}"
            raise ObjectMissing(f"the object store has no {missing}") from None
        raise ArchiveUnavailable(f"object store: {error.code}") from error
    except (MinioException, HTTPError, OSError) as error:
        raise ArchiveUnavailable(f"object store: {type(error).__name__}") from error
