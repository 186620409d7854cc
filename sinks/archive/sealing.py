"""Seals in the store: one whenever chains have grown, each over all partitions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
import structlog

from sinks.archive.chain import ChainEnd, Objects
from sinks.archive.errors import ArchiveBroken
from sinks.archive.manifest import NONE_BEFORE, digest_of
from sinks.archive.names import SEALS, number_in, seal_name
from sinks.archive.seal import Head, Seal, in_order, seal_of
from sinks.archive.signing import SEAL, PublicKeys, Signer, opened

log = structlog.get_logger(__name__)
_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class SealEnd:
    """The last seal, None before the first, and its digest."""

    seal: Seal | None = None
    digest: str = NONE_BEFORE


def read_last_seal(store: Objects, keys: PublicKeys) -> SealEnd:
    """The last seal, its signature checked. Raises ArchiveBroken where one is missing or is not what it
    should be.
    """
    names = list(store.names(SEALS))
    if not names:
        return SealEnd()
    if number_in(names[-1]) != len(names):
        raise ArchiveBroken(f"{len(names)} seals, and the last is {names[-1]}")
    document = store.get(names[-1])
    return SealEnd(seal_of(opened(SEAL, document, keys)), digest_of(document))


class Sealer:
    """Writes seals, and the witness of the last one in a file outside of the archive."""

    def __init__(self, store: Objects, signer: Signer, keys: PublicKeys, witness_file: Path) -> None:
        """Reads the last seal. Raises ArchiveUnavailable, ArchiveBroken."""
        self._store = store
        self._signer = signer
        self._keys = keys
        self._witness_file = witness_file
        self.end = read_last_seal(store, keys)

    def seal(self, ends: Iterable[ChainEnd]) -> Seal | None:
        """Seal these ends, and what the last seal says of other partitions. None where nothing has changed.

        Raises ArchiveUnavailable.
        """
        grown = [Head.after(end.manifest, end.digest) for end in ends if end.manifest is not None]
        for _ in range(_ATTEMPTS):
            last = self.end.seal
            heads = {head.place: head for head in (last.heads if last else ())}
            heads.update((head.place, head) for head in grown)
            wanted = in_order(heads.values())
            if not wanted or (last is not None and last.heads == wanted):
                return None
            sealed = self._put(wanted)
            if sealed is not None:
                return sealed
        raise ArchiveBroken("other processes seal all the time")

    def _put(self, heads: tuple[Head, ...]) -> Seal | None:
        """None where another process has written the next seal meanwhile."""
        last = self.end
        seal = Seal(
            number=1 if last.seal is None else last.seal.number + 1,
            previous=last.digest,
            sealed_at=datetime.now(UTC),
            heads=heads,
        )
        document = self._signer.signed(SEAL, seal.body())
        if self._store.put(seal_name(seal.number), document) != document:
            self.end = read_last_seal(self._store, self._keys)
            return None
        self.end = SealEnd(seal, digest_of(document))
        self._bear_witness(seal)
        return seal

    def _bear_witness(self, seal: Seal) -> None:
        """Where the disk does not take it, the archive goes on: it is one proof more, not what others rest
        on.
        """
        draft = self._witness_file.with_suffix(".new")
        try:
            self._witness_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.write_bytes(orjson.dumps({"number": seal.number, "sha256": self.end.digest}))
            draft.replace(self._witness_file)
        except OSError as error:
            log.warning("witness_not_written", path=str(self._witness_file), reason=type(error).__name__)
