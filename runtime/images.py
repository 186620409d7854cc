"""Images of an installation's object store, opened for whoever may use its key ring."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from runtime.analytics import analytics_client
from runtime.installation import Installation
from runtime.objects import object_client
from schemas.image_envelope import open_stream
from schemas.phi import KeyRing

_KEY_OF = "SELECT DISTINCT object_key FROM instances FINAL WHERE sop_instance_uid = {uid:String}"
_KEY_PARTS = {"studies": 4, "quarantine": 5}


class ImageUnavailable(Exception):
    """No such image, or no answer from where it is."""


@dataclass(frozen=True, slots=True)
class SavedImage:
    """An image that was opened and written to a file."""

    object_key: str
    sop_instance_uid: str
    size_bytes: int


def save_image(installation: Installation, ring: KeyRing, name: str, target: Path) -> SavedImage:
    """Write the DICOM file of an image to `target`, mode 0600. `name`: SOP Instance UID or object key.

    `target` is replaced as a whole, or not at all. Raises ImageUnavailable, SchemaError where the object does
    not open, OSError, clickhouse_connect's Error.
    """
    key = name if "/" in name else _key_of(installation, name)
    uid = instance_of(key)
    with _stored(installation, key) as stream, _written_aside(target) as aside:
        size_bytes = sum(aside.write(piece) for piece in open_stream(ring, uid, stream))
    return SavedImage(object_key=key, sop_instance_uid=uid, size_bytes=size_bytes)


def instance_of(object_key: str) -> str:
    """The SOP Instance UID that an object's key names. Raises ImageUnavailable where it is none of ours."""
    parts = PurePosixPath(object_key).parts
    if not parts or len(parts) != _KEY_PARTS.get(parts[0]):
        raise ImageUnavailable(f"{object_key!r} is no key of an image: studies/STUDY/SERIES/INSTANCE.dcm is")
    return parts[3].removesuffix(".dcm")


def _key_of(installation: Installation, sop_instance_uid: str) -> str:
    with closing(analytics_client(installation)) as client:
        rows = client.query(_KEY_OF, parameters={"uid": sop_instance_uid}).result_rows
    if not rows:
        raise ImageUnavailable(
            f"no image {sop_instance_uid!r} is known: the view `v_instances` of `radstream sql` lists them"
        )
    if len(rows) > 1:
        keys = ", ".join(sorted(str(key) for (key,) in rows))
        raise ImageUnavailable(f"several images have this UID; name one by its key: {keys}")
    return str(rows[0][0])


@contextmanager
def _stored(installation: Installation, key: str) -> Iterator[BinaryIO]:
    try:
        response = object_client(installation).get_object(installation.settings.s3_bucket, key)
    except S3Error as error:
        if error.code == "NoSuchKey":
            raise ImageUnavailable(f"the object store has no {key}") from None
        raise ImageUnavailable(f"the object store refuses: {error.code}") from error
    except (MinioException, HTTPError) as error:
        raise ImageUnavailable(f"the object store gives no answer: {type(error).__name__}") from error
    try:
        yield cast("BinaryIO", response)
    except HTTPError as error:
        raise ImageUnavailable(f"the object store broke off: {type(error).__name__}") from error
    finally:
        response.close()
        response.release_conn()


@contextmanager
def _written_aside(target: Path) -> Iterator[BinaryIO]:
    """A file that takes the target's place in the end; mode 0600, since it shows the patient in clear."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".new")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)
