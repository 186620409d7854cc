"""A synthetic history into an installation that is up."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

from producers.history.loading import HistoryLoader, Progress
from producers.history.manifest import Manifest, read_manifests, write_manifest
from producers.history.publishing import BulkPublisher, bulk_publisher_config
from producers.history.synthetic import SyntheticHistory
from runtime.installation import Installation
from schemas.keyring_config import open_key_ring
from schemas.registry import connect_codec

OPENING_PAST = timedelta(weeks=4)
"""What a new simulated department has behind it: the medians of the forecasts are made from so much."""


def is_opening(manifest: Manifest) -> bool:
    """Whether `up --simulate` made it: another one may be loaded before it."""
    history = manifest.history
    return history.ends_at - history.begins_at == OPENING_PAST and history.exams_per_year is None


def manifest_path(data: Path) -> Path:
    """Which histories were loaded on this data."""
    return data / "simulator" / "histories.json"


def manifest_of(installation: Installation, history: SyntheticHistory) -> Manifest:
    """How far `history` is on this installation; new where it was never begun.

    Raises ManifestDamaged, InvalidDepartment, OSError.
    """
    known = read_manifests(manifest_path(installation.data))
    return next((one for one in known if one.history == history), None) or Manifest(history, history.growth())


def load(installation: Installation, manifest: Manifest, tell: Progress) -> Manifest:
    """Publish what is missing of it. Raises as HistoryLoader.load does, and SchemaError."""
    keep = partial(write_manifest, manifest_path(installation.data))
    keep(manifest)
    loader = HistoryLoader(
        BulkPublisher(bulk_publisher_config(installation.kafka_bootstrap)),
        connect_codec(installation.registry_url),
        open_key_ring(installation.key_ring_config()),
        installation.secret_key("site_secret"),
        keep,
    )
    return loader.load(manifest, tell)
