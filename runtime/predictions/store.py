"""The store of models: versions that are never changed, and which of them is in use.

ModelStoreError
├── NoSuchModel       there is no such version, or none at all
├── DamagedEntry      what stands there is not what we wrote
└── StoreUnreachable  the object store gives no answer, or refuses
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from processors.predictions.forecaster import Forecasters
from processors.predictions.package import digest_of, packed, unpacked
from schemas.conditional_minio import ConditionalMinio, KeyIsTaken

Answer = TypeVar("Answer")
_CURRENT = "current.json"
_SEAL = "about_sha256"
_GONE = frozenset({"NoSuchKey", "NoSuchBucket"})
_OWNED = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})
_MOST_PROMOTIONS = 100


class ModelStoreError(Exception):
    """Root of the tree."""


class NoSuchModel(ModelStoreError):
    """There is no such version, or none at all."""


class DamagedEntry(ModelStoreError):
    """What stands there is not what we wrote."""


class StoreUnreachable(ModelStoreError):
    """The object store gives no answer, or refuses."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """A version that came into use, when (ISO 8601, UTC) and why."""

    version: str
    promoted_at: str
    why: str


class ModelStore:
    """The bucket of models. Blocking, for threads; safe to use from several."""

    def __init__(self, client: ConditionalMinio, bucket: str) -> None:
        """Does not connect yet."""
        self._client = client
        self._bucket = bucket

    def add(
        self, version: str, forecasters: Forecasters, about: Mapping[str, Any], record: Mapping[str, Any]
    ) -> None:
        """Keep a version with what is said of it, and its track record. Raises StoreUnreachable."""
        self._ensure_bucket()
        content = packed(forecasters)
        self._create(f"models/{version}/model.json.z", content)
        counts = json.dumps(record, allow_nan=False).encode()
        self._create(_record_name(version), counts)
        said = {**about, "version": version, "sha256": digest_of(content), "bytes": len(content)}
        said |= {"record_sha256": digest_of(counts)}
        self._create(f"models/{version}/about.json", _text({**said, _SEAL: digest_of(_text(said))}))

    def about(self, version: str) -> Mapping[str, Any]:
        """What is said of a version. Raises NoSuchModel, DamagedEntry, StoreUnreachable."""
        name = f"models/{version}/about.json"
        said = dict(self._read(name))
        seal = said.pop(_SEAL, None)  # versions of older radstreams have none
        if seal is not None and seal != digest_of(_text(said)):
            raise DamagedEntry(f"{name} is damaged")
        return said

    def keep_drift(self, version: str, drift: Mapping[str, Any]) -> None:
        """What the last week is like beside what the version learned from. Raises StoreUnreachable."""
        self._put(_drift_name(version), json.dumps(drift, allow_nan=False).encode())

    def drift(self, version: str) -> Mapping[str, Any] | None:
        """What was kept last; None where nothing was. Raises StoreUnreachable."""
        try:
            return self._read(_drift_name(version))
        except (NoSuchModel, DamagedEntry):
            return None

    def record(self, version: str) -> Mapping[str, Any] | None:
        """What became of its forecasts of the held-out days, as schemas.forecast_record has it.

        None of a version that was trained before that was kept, or where it was damaged. Raises
        StoreUnreachable.
        """
        try:
            expected = self.about(version).get("record_sha256")
            content = self._get(_record_name(version))
            is_ours = expected is None or expected == digest_of(content)
            return _object(content, _record_name(version)) if is_ours else None
        except (NoSuchModel, DamagedEntry):
            return None

    def versions(self) -> list[str]:
        """Every version, the oldest first. Raises StoreUnreachable.

        What is said of a version is stored last: without it a training was stopped, and there is none.
        """
        try:
            listed = _ask(lambda: list(self._client.list_objects(self._bucket, "models/", recursive=True)))
        except NoSuchModel:
            return []
        names = [str(one.object_name) for one in listed]
        return sorted(name.split("/")[1] for name in names if name.endswith("/about.json"))

    def forecasters(self, version: str) -> Forecasters:
        """Raises NoSuchModel, DamagedEntry, StoreUnreachable, and UnreadableModel: not what we stored."""
        about = self.about(version)
        return unpacked(self._get(f"models/{version}/model.json.z"), str(about.get("sha256")))

    def promotions(self) -> Sequence[Promotion]:
        """What came into use, the last is what is in use. Raises DamagedEntry, StoreUnreachable."""
        try:
            return tuple(Promotion(**one) for one in self._read(_CURRENT)["promotions"])
        except NoSuchModel:
            return ()
        except (KeyError, TypeError) as error:
            raise DamagedEntry(
                f"{_CURRENT} is damaged: `radstream models promote VERSION` mends it"
            ) from error

    def promote(self, promotion: Promotion) -> None:
        """Bring a version into use. Raises NoSuchModel, StoreUnreachable."""
        self.about(promotion.version)
        try:
            before = self.promotions()
        except DamagedEntry:
            before = ()
        kept = [*before, promotion][-_MOST_PROMOTIONS:]
        content = json.dumps({"promotions": [asdict(one) for one in kept]}, sort_keys=True).encode()
        self._put(_CURRENT, content)

    def _put(self, name: str, content: bytes) -> None:
        _ask(lambda: self._client.put_object(self._bucket, name, io.BytesIO(content), len(content)))

    def _read(self, name: str) -> Mapping[str, Any]:
        return _object(self._get(name), name)

    def _ensure_bucket(self) -> None:
        if _ask(lambda: self._client.bucket_exists(self._bucket)):
            return
        try:
            self._client.make_bucket(self._bucket)
        except S3Error as error:
            if error.code not in _OWNED:
                raise StoreUnreachable(f"object store: {error.code}") from error

    def _create(self, name: str, content: bytes) -> None:
        def put() -> None:
            self._client.create_object(
                self._bucket, name, [content], size_bytes=len(content), sha256=digest_of(content)
            )

        try:
            _ask(put)
        except KeyIsTaken as error:
            raise ModelStoreError(f"{name} is there already: versions are never changed") from error

    def _get(self, name: str) -> bytes:
        def read() -> bytes:
            response = self._client.get_object(self._bucket, name)
            try:
                content: bytes = response.read()
            finally:
                response.close()
                response.release_conn()
            return content

        return _ask(read)


def _object(content: bytes, name: str) -> Mapping[str, Any]:
    try:
        found: Any = json.loads(content)
    except ValueError as error:
        raise DamagedEntry(f"{name} is damaged") from error
    if not isinstance(found, dict):
        raise DamagedEntry(f"{name} is damaged")
    return found


def _text(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, sort_keys=True, allow_nan=False).encode()


def _record_name(version: str) -> str:
    return f"models/{version}/record.json"


def _drift_name(version: str) -> str:
    return f"models/{version}/drift.json"


def _ask(question: Callable[[], Answer]) -> Answer:
    try:
        return question()
    except S3Error as error:
        kind = NoSuchModel if error.code in _GONE else StoreUnreachable
        raise kind(f"object store: {error.code}") from error
    except (MinioException, HTTPError, OSError) as error:
        raise StoreUnreachable(f"object store: {type(error).__name__}") from error
