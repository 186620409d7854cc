"""Images of the object store, opened with the key ring. Blocking: for threads."""

from __future__ import annotations

from dataclasses import dataclass

from urllib3.exceptions import HTTPError

from dashboards.pictures.errors import NotAvailable, NotShown
from schemas.errors import DecodeError, KeyDestroyed, KeyRingUnusable, PhiError
from schemas.image_envelope import SealedImage
from schemas.image_store import ObjectMissing, StoreAway, StoredImages
from schemas.image_store_config import ImageStoreConfig
from schemas.phi import KeyRing

_TIMEOUT_S = 10.0
# A larger image is not fetched for a small picture.
_MAX_BYTES = 128 * 1024 * 1024
_CONNECTIONS = 4


@dataclass(frozen=True, slots=True)
class OpenedImage:
    """A DICOM file in clear, in memory only, and the data key that it was sealed with."""

    content: bytes
    key_id: str


class ImageStore:
    """Read by several threads."""

    def __init__(self, config: ImageStoreConfig, ring: KeyRing) -> None:
        """Nothing is connected before the first image."""
        self._images = StoredImages(config, timeout_s=_TIMEOUT_S, connections=_CONNECTIONS)
        self._ring = ring

    def close(self) -> None:
        """Close the connections."""
        self._images.close()

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
            with self._images.stored(key) as stored:
                content = stored.read(_MAX_BYTES + 1)
        except ObjectMissing:
            raise NotShown("missing", "The object store does not have it") from None
        except StoreAway as error:
            raise NotAvailable(f"The object store gives no answer, or refuses: {error}") from error
        except (HTTPError, OSError) as error:
            raise NotAvailable("The object store broke off") from error
        if len(content) > _MAX_BYTES:
            raise NotShown("size", "It is too large for a small picture")
        return content
