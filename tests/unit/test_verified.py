"""What `radstream verify` says to people."""

from __future__ import annotations

import pytest

from runtime.cli.verified import say_verified
from runtime.verifying import Verified
from sinks.archive.findings import FaultKind, Findings


def said(found: Findings, capsys: pytest.CaptureFixture[str]) -> list[str]:
    say_verified(Verified(found=found, in_clickhouse=0, kept={}, seconds=0.1, events_per_s=0), compared=False)
    return capsys.readouterr().out.splitlines()


def test_an_archive_with_nothing_in_it_is_not_called_intact(capsys: pytest.CaptureFixture[str]) -> None:
    told = said(Findings(), capsys)
    assert "intact" not in told
    assert told[-1].startswith("nothing is archived that could be checked")


def test_an_archive_without_a_fault_is_intact_and_its_last_seal_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = said(Findings(seals=1, manifests=2, files=2, events=9, last_seal="1:3f"), capsys)
    assert told[-2] == "intact"
    assert told[-1].endswith("1:3f")


def test_an_archive_with_a_fault_is_not_intact(capsys: pytest.CaptureFixture[str]) -> None:
    found = Findings(manifests=1)
    found.fault(FaultKind.ALTERED, "archive/x", "another byte", 7)
    told = said(found, capsys)
    assert "archive/x, from offset 7 on: another byte" in told[-2]
    assert told[-1] == "the archive is NOT intact; the first fault stands above"
