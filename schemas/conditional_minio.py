"""A put that never overwrites, and streams: every server has it, MinIO's client has no call for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from urllib.parse import SplitResult, urlsplit, urlunsplit

import urllib3
from minio import Minio
from minio.error import S3Error, ServerError
from minio.helpers import DictType
from minio.signer import sign_v4_s3
from minio.time import to_amz_date

SHA256_METADATA = "x-amz-meta-sha256"
_CONNECT_S = 2.0
_OK, _PRECONDITION_FAILED = 200, 412


def patient_connections(*, timeout_s: float, connections: int) -> urllib3.PoolManager:
    """Up to `connections`, which try again where the store is away or busy.

    Reads are not repeated: the caller's patience is the bound. A repeated put is harmless.
    """
    return urllib3.PoolManager(
        maxsize=connections,
        timeout=urllib3.Timeout(connect=_CONNECT_S, read=timeout_s),
        retries=urllib3.Retry(total=2, read=0, backoff_factor=0.1, status_forcelist=(500, 502, 503, 504)),
    )


class KeyIsTaken(Exception):
    """There is an object with this key."""


class ConditionalMinio(Minio):
    """With `create_object`."""

    @classmethod
    def connecting(
        cls, endpoint: str, access_key: str, secret_key: str, http: urllib3.PoolManager
    ) -> ConditionalMinio:
        """A client of `endpoint` (`http(s)://host:port`) over `http`. Does not connect yet."""
        address = urlsplit(endpoint)
        return cls(
            address.netloc,
            access_key=access_key,
            secret_key=secret_key,
            secure=address.scheme == "https",
            http_client=http,
        )

    def create_object(
        self,
        bucket: str,
        key: str,
        body: Iterable[bytes],
        *,
        size_bytes: int,
        sha256: str,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        """Put unless there is such a key. `extra`: headers of the object's lock, and what the server wants
        with it.

        Raises KeyIsTaken, S3Error, ServerError and urllib3's errors.
        """
        region = self._get_region(bucket)
        url = self._base_url.build(method="PUT", region=region, bucket_name=bucket, object_name=key)
        headers: DictType = {
            "Host": url.netloc,
            # No "application/dicom": what is stored is sealed.
            "Content-Type": "application/octet-stream",
            "Content-Length": str(size_bytes),
            "If-None-Match": "*",
            "x-amz-content-sha256": sha256,
            SHA256_METADATA: sha256,
            **(extra or {}),
        }
        signed = self._signed(url, region, headers, sha256)
        response = self._http.urlopen("PUT", urlunsplit(url), body=body, headers=signed)
        if response.status == _OK:
            return
        if response.status == _PRECONDITION_FAILED:
            raise KeyIsTaken
        raise S3Error.fromxml(response) if response.data else ServerError("no answer", response.status)

    def _signed(self, url: SplitResult, region: str, headers: DictType, sha256: str) -> DictType:
        assert self._provider is not None  # noqa: S101 - we always give credentials
        now = datetime.now(UTC)
        return sign_v4_s3(
            method="PUT",
            url=url,
            region=region,
            headers={**headers, "x-amz-date": to_amz_date(now)},
            credentials=self._provider.retrieve(),
            content_sha256=sha256,
            date=now,
        )
