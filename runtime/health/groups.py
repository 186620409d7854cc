"""Who consumes what: the parts, their groups and topics."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from runtime.audit_syslog import read_repositories
from runtime.installation import Installation
from runtime.lag import CONSUMED
from runtime.outbound import DestinationsUnusable, group_ids
from runtime.webhooks import read_webhooks
from schemas.topics import ALERTS, AUDIT, EVENTS


def consumed_groups(installation: Installation) -> dict[str, tuple[str, Sequence[str]]]:
    """By part, and by part and destination where it has several: its group and topics."""
    found: dict[str, tuple[str, Sequence[str]]] = dict(CONSUMED)
    for role in ("hl7-out", "dicom-out"):
        try:
            found |= {
                f"{role} {group.removeprefix(f'radstream-{role}-')}": (group, (EVENTS,))
                for group in group_ids(installation, role)
            }
        except DestinationsUnusable:
            continue  # the part itself says so, and does not start
    with suppress(DestinationsUnusable):
        found |= {f"webhook {one.name}": (one.group_id, (ALERTS,)) for one in read_webhooks(installation)}
    with suppress(DestinationsUnusable):
        repositories = read_repositories(installation)
        found |= {f"audit-syslog {one.name}": (one.group_id, (AUDIT,)) for one in repositories}
    return found
