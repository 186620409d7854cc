"""Images of the object store, opened piece by piece for who sends them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from schemas.errors import DecodeError, KeyDestroyed, KeyNotFound, WrongKey
from schemas.image_envelope import open_stream
from schemas.phi import KeyRing
from sinks.delivering.errors import NotReady, NotSendable
from sinks.dicom.config import ImageStoreConfig
from sinks.dicom.indexed import IndexedImage
from sinks.dicom.messages import data_set_of

_TIMEOUT_S = 30.0
_GONE = frozenset({"NoSuchKey", "NoSuchBucket"})


class ImageStore:
    """Read by several threads."""

    def __init__(self, config: ImageStoreConfig, ring: KeyRing) -> None:
        address = urlsplit(config.endpoint)
        self._pool = urllib3.PoolManager(timeout=_TIMEOUT_S, retries=False, maxsize=16)
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

    @contextmanager
    def data_set(self, image: IndexedImage) -> Iterator[Iterator[bytes]]:
        """The image's data set in its transfer syntax, in pieces.

        Raises NotSendable where there is no such image or it cannot be opened, NotReady, KeyDestroyed, and
        PhiError where the key ring is away; also while it is read.
        """
        with self._stored(image.object_key) as stored:
            yield self._opened(image, stored)

    def _opened(self, image: IndexedImage, stored: BinaryIO) -> Iterator[bytes]:
        try:
            yield from data_set_of(open_stream(self._ring, image.sop_instance_uid, stored))
        except KeyDestroyed:
            raise
        except (DecodeError, KeyNotFound, WrongKey) as error:
            raise NotSendable(type(error).__name__, "the image cannot be opened") from error
        except (HTTPError, OSError) as error:
            raise NotReady(f"object store: {type(error).__name__}") from error

    @contextmanager
    def _stored(self, key: str) -> Iterator[BinaryIO]:
        try:
            response = self._client.get_object(self._bucket, key)
        except S3Error as error:
            if error.code in _GONE:
                raise NotSendable(str(error.code), "the object store does not have the image") from None
            raise NotReady(f"object store: {error.code}") from error
        except (MinioException, HTTPError, OSError) as error:
            raise NotReady(f"object store: {type(error).__name__}") from error
        try:
            yield cast("BinaryIO", response)
        finally:
            response.close()
            response.release_conn()
