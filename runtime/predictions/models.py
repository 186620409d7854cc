"""The store of models of an installation."""

from __future__ import annotations

from runtime.installation import Installation
from runtime.predictions.store import ModelStore
from schemas.conditional_minio import ConditionalMinio, patient_connections

_TIMEOUT_S = 30.0


def model_store(installation: Installation) -> ModelStore:
    """With the installation's credentials."""
    client = ConditionalMinio.connecting(
        installation.s3_endpoint,
        installation.secret("s3_access_key"),
        installation.secret("s3_secret_key"),
        patient_connections(timeout_s=_TIMEOUT_S, connections=4),
    )
    return ModelStore(client, installation.settings.models_bucket)
