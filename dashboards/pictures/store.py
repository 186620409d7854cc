"""Images of the object store, opened with the key ring. Blocking: for threads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, cast
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from dashboards.config import ImageStoreConfig
from dashboards.pictures.errors import NotAvailable, NotShown
from schemas.errors import DecodeError, KeyDestroyed, KeyRingUnusable, PhiError
from schemas.image_envelope import SealedImage
from schemas.phi import KeyRing

_TIMEOUT_S = 10.0
# A larger image is not fetched for a small picture.
_MAX_BYTES = 128 * 1024 * 1024
_GONE = frozenset({"NoSuchKey", "NoSuchBucket"})


@dataclass(frozen=True, slots=True)
class OpenedImage:
    """A DICOM file in clear, in memory only, and the data key that it was sealed with."""

    content: bytes
    key_id: str


class ImageStore:
    """Read by several threads."""

    def __init__(self, config: ImageStoreConfig, ring: KeyRing) -> None:
        """Nothing is connected before the first image."""
        address = urlsplit(config.endpoint)
        self._pool = urllib3.PoolManager(timeout=_TIMEOUT_S, retries=False, maxsize=4)
        self._client = Minio(
            address.netloc,
            access_key=config.access_key,
            secret_key=config.secret_key,
            secure=address.scheme == "https",
            http_client=self._pool,
        )
        self._bucket = config.bucket
        self._ring = ring

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def open(self, object_key: str, sop_instance_uid: str) -> OpenedImage:
        """Raises NotShown where the image cannot be opened, NotAvailable where something is away."""
        sealed = memoryview(self._fetch(object_key))
        try:
            image = SealedImage(
                self._ring, sop_instance_uid, lambda offset, length: bytes(sealed[offset : offset + length])
            )
            return OpenedImage(b"".join(image.segments()), image.header.key_id)
        except KeyDestroyed:
            raise NotShown("erased", "The patient was erased: the image stays closed") from None
        except KeyRingUnusable as error:
            raise NotAvailable("The key ring gives no answer") from error
        except (DecodeError, PhiError):
            raise NotShown("closed", "It does not open with this key ring") from None

    def check_key(self, key_id: str) -> None:
        """Raises NotShown where the key is gone, NotAvailable where nobody can say."""
        try:
            self._ring.key(key_id)
        except KeyDestroyed:
            raise NotShown("erased", "The patient was erased: the image stays closed") from None
        except PhiError as error:
            raise NotAvailable("The key ring gives no answer") from error

    def _fetch(self, key: str) -> bytes:
        try:
            response = cast("BinaryIO", self._client.get_object(self._bucket, key))
        except S3Error as error:
            if error.code in _GONE:
                raise NotShown("missing", "The object store does not have it") from None
            raise NotAvailable(f"The object store refuses: {error.code}") from error
        except (MinioException, HTTPError, OSError) as error:
            raise NotAvailable("The object store gives no answer") from error
        try:
            content = response.read(_MAX_BYTES + 1)
        except (HTTPError, OSError) as error:
            raise NotAvailable("The object store broke off") from error
        finally:
            response.close()
            response.release_conn()  # type: ignore[attr-defined]  # a urllib3 response
        if len(content) > _MAX_BYTES:
            raise NotShown("size", "It is too large for a small picture")
        return content
