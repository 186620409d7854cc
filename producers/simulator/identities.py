"""Identifiers of the simulated department: each follows from seed, site, run and the exam's number."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import lru_cache

from producers.simulator.draws import Draws, digest_of


@lru_cache(maxsize=16)
def _run_code(seed: int, site: str, run_id: str) -> str:
    return base64.b32encode(digest_of(seed, site, run_id, "run"))[:6].decode()


@dataclass(frozen=True, slots=True)
class PlanIdentity:
    """Which department (`seed`, `site`) and which of its runs. Another run has other accessions and UIDs."""

    seed: int
    site: str
    run_id: str

    def draws(self, purpose: str, index: int) -> Draws:
        """The draws for one purpose of exam `index`."""
        return Draws(self.seed, self.site, self.run_id, purpose, index)

    def run_code(self) -> str:
        """Six characters that tell this run's identifiers from another's."""
        return _run_code(self.seed, self.site, self.run_id)

    def accession_number(self, index: int) -> str:
        """At most 16 characters, as DICOM's SH allows."""
        return f"{self.run_code()}{index:07d}"

    def placer_order_number(self, index: int) -> str:
        """The ordering system's own number of the order."""
        return f"P{self.accession_number(index)}"

    def visit_number(self, index: int) -> str:
        """The visit (PV1-19)."""
        return f"V{self.accession_number(index)}"

    def control_id(self, index: int, position: int) -> str:
        """MSH-10 of the exam's message number `position`: at most 20 characters (HL7 v2.5.1, 2.14.9.10)."""
        return f"{self.accession_number(index)}-{position:02d}"

    def uid(self, index: int, *what: object) -> str:
        """A UID derived from a UUID (DICOM PS3.5, B.2): `2.25.` and a decimal number of 128 bits."""
        digest = digest_of(self.seed, self.site, self.run_id, index, "uid", *what)
        return f"2.25.{int.from_bytes(digest[:16], 'big')}"
