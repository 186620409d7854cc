"""Images of the object store, opened piece by piece for who sends them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO

from urllib3.exceptions import HTTPError

from schemas.errors import DecodeError, KeyDestroyed, KeyNotFound, WrongKey
from schemas.image_envelope import open_stream
from schemas.image_store import ObjectMissing, StoreAway, StoredImages
from schemas.image_store_config import ImageStoreConfig
from schemas.phi import KeyRing
from sinks.delivering.errors import NotReady, NotSendable
from sinks.dicom.indexed import IndexedImage
from sinks.dicom.messages import data_set_of

_TIMEOUT_S = 30.0
_CONNECTIONS = 16


class ImageStore:
    """Read by several threads."""

    def __init__(self, config: ImageStoreConfig, ring: KeyRing) -> None:
        self._images = StoredImages(config, timeout_s=_TIMEOUT_S, connections=_CONNECTIONS)
        self._ring = ring

    def close(self) -> None:
        """Close the connections."""
        self._images.close()

    @contextmanager
    def data_set(self, image: IndexedImage) -> Iterator[Iterator[bytes]]:
        """The image's data set in its transfer syntax, in pieces.

        Raises NotSendable where there is no such image or it cannot be opened, NotReady, KeyDestroyed, and
        PhiError where the key ring is away; also while it is read.
        """
        with ExitStack() as opened:
            try:
                stored = opened.enter_context(self._images.stored(image.object_key))
            except ObjectMissing as error:
                raise NotSendable(str(error), "the object store does not have the image") from None
            except StoreAway as error:
                raise NotReady(f"object store: {error}") from error
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
