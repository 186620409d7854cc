"""`radstream dicom echo`, `find`, `worklist`: what another system has."""

from __future__ import annotations

from time import monotonic
from typing import Annotated, Literal

import typer
from pydicom.dataset import Dataset

from producers.dicom.client import requests
from producers.dicom.client.peer import Peer
from producers.dicom.query.text import query
from runtime.cli.dicom_peer import Keys, calling_a_peer, failing_clearly
from runtime.cli.dicom_showing import ITEM, LEVELS, WORKLIST, flat, show_matches
from runtime.cli.output import console, print_json


@calling_a_peer
def echo(
    peer: Peer,
    *,
    json: bool,
) -> None:
    """Ask a system whether it is there (C-ECHO)."""
    began_s = monotonic()
    with failing_clearly(as_json=json):
        requests.echo(peer)
    took_ms = round((monotonic() - began_s) * 1000, 1)
    if json:
        print_json({"peer": str(peer), "answers": True, "took_ms": took_ms})
    else:
        console.print(f"{peer} answers, in {took_ms} ms", markup=False, highlight=False)


@calling_a_peer
def find(
    peer: Peer,
    *,
    level: Annotated[
        Literal["STUDY", "SERIES", "IMAGE"], typer.Option("--level", help="What to look for.")
    ] = "STUDY",
    key: Keys = None,
    json: bool,
) -> None:
    """Look for studies, series or images in an archive (C-FIND, Study Root)."""
    with failing_clearly(as_json=json):
        keys = query(LEVELS[level], key or [])
        keys.QueryRetrieveLevel = level
        matches = list(requests.find(peer, requests.STUDY_ROOT_FIND, keys))
    _show_matches(matches, as_json=json)


@calling_a_peer
def worklist(
    peer: Peer,
    *,
    date: Annotated[str, typer.Option("--date", help="YYYYMMDD, or a range YYYYMMDD-YYYYMMDD.")] = "",
    modality: Annotated[str, typer.Option("--modality", help="CT, MR, …")] = "",
    station: Annotated[str, typer.Option("--station", help="The scanner's AE title.")] = "",
    key: Keys = None,
    json: bool,
) -> None:
    """Ask for the scheduled steps, as a scanner does (C-FIND, Modality Worklist)."""
    asked = (
        ("ScheduledProcedureStepStartDate", date),
        ("Modality", modality),
        ("ScheduledStationAETitle", station),
    )
    narrowed = [f"{ITEM}.{keyword}={value}" for keyword, value in asked if value]
    with failing_clearly(as_json=json):
        keys = query(WORKLIST, [*narrowed, *(key or [])])
        matches = list(requests.find(peer, requests.WORKLIST_FIND, keys))
    _show_matches(matches, as_json=json)


def _show_matches(matches: list[Dataset], *, as_json: bool) -> None:
    rows = [flat(match) for match in matches]
    if as_json:
        print_json(rows)
    else:
        show_matches(rows)
