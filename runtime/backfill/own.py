"""A site's own history, from a file, into an installation that is up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from producers.history.own.loading import FileLoader, FileSummary, Report
from producers.history.own.mapping import FileMapping
from producers.history.own.telling import RowTeller
from producers.history.publishing import BulkPublisher, bulk_publisher_config
from runtime.backfill.catching_up import PATIENCE_S, wait_until_caught_up
from runtime.backfill.choosing import require_no_destinations
from runtime.installation import Installation
from schemas.keyring_config import open_key_ring
from schemas.registry import connect_codec

Tell = Callable[[str, int, int], None]
_TRIAL_SECRET = bytes(32)


@dataclass(frozen=True, slots=True)
class OwnHistory:
    """A file, where it has what, and where the rows are listed that are refused."""

    path: Path
    mapping: FileMapping
    report: Path


def try_file(own: OwnHistory, site: str, tell: Tell) -> FileSummary:
    """What would become of the file; nothing is published, and nothing need be up. Raises as `load_file`."""
    teller = RowTeller(own.mapping, site, _TRIAL_SECRET, None)
    with Report(own.report) as report:
        return FileLoader(teller, report, None, None).load(own.path, _telling(tell))


def load_file(installation: Installation, own: OwnHistory, tell: Tell) -> FileSummary:
    """Load the file and wait until every view has it.

    Raises UnreadableFile, InvalidMapping, HistoryRefused, PublishFailed, NotCaughtUp, SchemaError, OSError.
    """
    require_no_destinations(installation)
    teller = RowTeller(
        own.mapping,
        installation.settings.site,
        installation.secret_key("site_secret"),
        open_key_ring(installation.key_ring_config()),
    )
    publisher = BulkPublisher(bulk_publisher_config(installation.kafka_bootstrap))
    with Report(own.report) as report:
        loader = FileLoader(teller, report, publisher, connect_codec(installation.registry_url))
        summary = loader.load(own.path, _telling(tell))
    wait_until_caught_up(installation.kafka_bootstrap, PATIENCE_S, tell)
    return summary


def _telling(tell: Tell) -> Callable[[FileSummary], None]:
    return lambda so_far: tell("percent of the file", round(so_far.share * 100), 100)
