"""What a verification found, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runtime.cli.output import console
from runtime.verifying import Verified
from schemas.topics import COMPACTED
from sinks.archive.findings import Fault, Findings

_NAMED = 10


def document_of(verified: Verified) -> dict[str, Any]:
    """For programs."""
    found = verified.found
    return {
        "intact": not found.faults,
        "first_fault": _fault(found.faults[0], verified) if found.faults else None,
        "faults": [_fault(fault, verified) for fault in found.faults],
        "seals": found.seals,
        "manifests": found.manifests,
        "files": found.files,
        "expired": found.expired,
        "events": found.events,
        "bytes": found.bytes,
        "unsealed_manifests": found.unsealed,
        "last_seal": found.last_seal,
        "lost": found.lost,
        "absent": found.absent,
        "strangers": found.strangers,
        "compared_with_kafka": found.compared,
        "compared_with_clickhouse": verified.in_clickhouse,
        "seconds": round(verified.seconds, 2),
        "events_per_s": verified.events_per_s,
    }


def _fault(fault: Fault, verified: Verified) -> dict[str, Any]:
    return {
        "kind": fault.kind.value,
        "object": fault.name,
        "what": fault.what,
        "offset": fault.offset,
        "earlier_versions": list(verified.kept.get(fault.name, ())),
    }


def say_verified(verified: Verified, *, compared: bool) -> None:
    """For people."""
    for line in (*_counted(verified, compared=compared), *_remarks(verified.found), *_judged(verified)):
        console.print(line, highlight=False, soft_wrap=True, markup=False)


def _counted(verified: Verified, *, compared: bool) -> Iterator[str]:
    found = verified.found
    yield (
        f"{found.seals} seals, {found.manifests} manifests, {found.files} files with {found.events} events "
        f"({found.bytes / 1e6:.1f} MB) in {verified.seconds:.1f} s: {verified.events_per_s} events/s"
    )
    if compared:
        yield f"{found.compared} messages compared with Kafka, {verified.in_clickhouse} with ClickHouse"
    if found.unsealed:
        yield f"{found.unsealed} manifests are newer than the last seal: signed, not sealed yet"


def _remarks(found: Findings) -> Iterator[str]:
    """What is no fault, and ought to be known."""
    for lost in found.lost:
        yield f"lost before it was archived, as the archive itself says: {lost}"
    if found.expired:
        yield f"{found.expired} files expired by rule, manifests intact: what was in them is not checked"
    for topic, count in found.absent.items():
        if topic not in COMPACTED:
            yield f"{count} offsets of {topic} have no message: Kafka gave none when it was read twice"
    for name in found.strangers[:_NAMED]:
        yield f"no manifest names {name}: an archiver that died, or somebody else, put it there"


def _judged(verified: Verified) -> Iterator[str]:
    found = verified.found
    for fault in found.faults[:_NAMED]:
        at = "" if fault.offset is None else f", from offset {fault.offset} on"
        yield f"{fault.kind.value}: {fault.name}{at}: {fault.what}"
        if kept := verified.kept.get(fault.name):
            yield f"  the store keeps what was there before, as version {', '.join(kept)}"
    if len(found.faults) > _NAMED:
        yield f"and {len(found.faults) - _NAMED} more (--json has all)"
    if found.faults:
        yield "the archive is NOT intact; the first fault stands above"
        return
    if not found.manifests:
        yield (
            "nothing is archived that could be checked; an archive that was lost is told from a young one "
            "by the seal of an earlier verification (--seal)"
        )
        return
    yield "intact"
    if found.last_seal:
        yield f"the last seal, to be written down elsewhere and given as --seal: {found.last_seal}"
