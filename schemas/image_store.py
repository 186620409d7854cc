"""Objects of the images' bucket, read as they are stored: sealed. Blocking, for threads.

ImageStoreError
├── ObjectMissing    the store does not have the object
└── StoreAway        no answer, or a refusal: later it may
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

import urllib3
from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from schemas.conditional_minio import ConditionalMinio
from schemas.image_store_config import ImageStoreConfig

_GONE = frozenset({"NoSuchKey", "NoSuchBucket"})


class ImageStoreError(Exception):
    """Root of the tree. The message says what the store answered, never what it holds."""


class ObjectMissing(ImageStoreError):
    """The store does not have the object."""


class StoreAway(ImageStoreError):
    """The store gives no answer, or refuses."""


class StoredImages:
    """The bucket, read by several threads."""

    def __init__(self, config: ImageStoreConfig, *, timeout_s: float, connections: int) -> None:
        """Nothing is connected before the first object; up to `connections` are kept."""
        self._pool = urllib3.PoolManager(timeout=timeout_s, retries=False, maxsize=connections)
        self._client = ConditionalMinio.connecting(
            config.endpoint, config.access_key, config.secret_key, self._pool
        )
        self._bucket = config.bucket

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    @contextmanager
    def stored(self, key: str) -> Iterator[BinaryIO]:
        """The object's bytes, to be read inside of the block.

        Raises ObjectMissing and StoreAway on entry; reading raises urllib3's HTTPError or OSError.
        """
        try:
            response = self._client.get_object(self._bucket, key)
        except S3Error as error:
            kind = ObjectMissing if error.code in _GONE else StoreAway
            raise kind(str(error.code)) from error
        except (MinioException, HTTPError, OSError) as error:
            raise StoreAway(type(error).__name__) from error
        try:
            yield cast("BinaryIO", response)
        finally:
            response.close()
            response.release_conn()
