"""The MinIO client of an installation, whichever store it uses."""

from __future__ import annotations

from urllib.parse import urlsplit

import urllib3
from minio import Minio

from runtime.installation import Installation

_TIMEOUT_S = 30.0


def object_client(installation: Installation) -> Minio:
    """A client with the installation's credentials."""
    address = urlsplit(installation.s3_endpoint)
    return Minio(
        address.netloc,
        access_key=installation.secret("s3_access_key"),
        secret_key=installation.secret("s3_secret_key"),
        secure=address.scheme == "https",
        http_client=urllib3.PoolManager(timeout=_TIMEOUT_S, retries=False),
    )
