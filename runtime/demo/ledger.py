"""What the simulated department's ledger says was acknowledged."""

from __future__ import annotations

from pathlib import Path

from producers.simulator.ledger import entries_of
from producers.simulator.ledger_entries import Cargo, Kind
from runtime.demo.account import Acknowledged


def acknowledged(ledger: Path, run_id: str) -> Acknowledged:
    """The messages and images that the pipeline said yes to in this run. Raises LedgerError."""
    answered = [entry for entry in entries_of(ledger, run_id) if entry.kind is Kind.ACKNOWLEDGED]
    return Acknowledged(
        exam_ids=frozenset(entry.exam_id for entry in answered if entry.exam_id is not None),
        control_ids=frozenset(e.id for e in answered if e.id is not None and e.cargo is Cargo.HL7),
        instances=frozenset(e.id for e in answered if e.id is not None and e.cargo is Cargo.INSTANCE),
    )
