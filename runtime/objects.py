"""The MinIO client of an installation, whichever store it uses."""

from __future__ import annotations

import urllib3
from minio import Minio

from runtime.installation import Installation
from schemas.conditional_minio import ConditionalMinio

_TIMEOUT_S = 30.0


def object_client(installation: Installation) -> Minio:
    """A client with the installation's credentials."""
    return ConditionalMinio.connecting(
        installation.s3_endpoint,
        installation.secret("s3_access_key"),
        installation.secret("s3_secret_key"),
        urllib3.PoolManager(timeout=_TIMEOUT_S, retries=False),
    )
