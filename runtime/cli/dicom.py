"""`radstream dicom`: talk to any DICOM system, without another toolkit."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import typer
from pydicom.dataset import Dataset
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from producers.dicom.client import requests
from producers.dicom.client.commitment import NotAnImage, reference_of
from producers.dicom.client.commitment import commit as commit_images
from producers.dicom.client.peer import Peer
from producers.dicom.explanation import NotDicom
from producers.dicom.explanation import explain as explained
from producers.dicom.mapping import MappingConfig
from producers.dicom.query.text import query
from producers.throwaway_keys import ThrowawayKeyRing
from runtime.cli.dicom_passcode import passcode
from runtime.cli.dicom_peer import CALLING, Calling, Keys, calling_a_peer, failing_clearly
from runtime.cli.dicom_showing import (
    ITEM,
    LEVELS,
    WORKLIST,
    flat,
    show,
    show_committed,
    show_matches,
    show_sent,
)
from runtime.cli.hl7_explaining import site_secret
from runtime.cli.output import Json, console, errors, fail, print_json
from runtime.cli.settings_of import Data, read_settings

app = typer.Typer(no_args_is_help=True, help="Talk to any DICOM system, and explain DICOM files.")
app.command()(passcode)


@app.command()
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


@app.command()
@calling_a_peer
def send(
    peer: Peer,
    paths: Annotated[list[Path], typer.Argument(help="Files, or directories: every file below them.")],
    *,
    json: bool,
) -> None:
    """Send images as they are (C-STORE). Exit code 1 where one was not stored."""
    files = _files(paths, as_json=json)
    sent: list[requests.Sent] = []
    with failing_clearly(as_json=json), _progress() as progress:
        task = progress.add_task("sending", total=len(files))
        for one in requests.send(peer, files):
            sent.append(one)
            progress.advance(task)
    stored = sum(one.is_stored for one in sent)
    if json:
        answers = [{**asdict(one), "is_stored": one.is_stored} for one in sent]
        print_json({"sent": len(sent), "stored": stored, "answers": answers})
    else:
        show_sent(sent)
    if stored < len(sent):
        raise typer.Exit(1)


@app.command()
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


@app.command()
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


@app.command()
@calling_a_peer
def get(
    peer: Peer,
    directory: Annotated[Path, typer.Argument(help="Where the images go; made if it is missing.")],
    *,
    study: Annotated[str, typer.Option("--study", help="Study Instance UID.")],
    series: Annotated[str | None, typer.Option("--series", help="Series Instance UID.")] = None,
    image: Annotated[str | None, typer.Option("--image", help="SOP Instance UID.")] = None,
    json: bool,
) -> None:
    """Fetch images from an archive into files (C-GET, Study Root). Exit code 1 where one is missing."""
    if image and not series:
        fail("--image needs --series: C-GET names each level above", as_json=json)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"{directory}: {error.strerror}", as_json=json)
    with failing_clearly(as_json=json), _progress() as progress:
        task = progress.add_task("fetching", total=None)
        got = requests.get(
            peer,
            _retrieve_keys(study, series, image),
            directory,
            lambda done, total: progress.update(task, completed=done, total=total or None),
        )
    if json:
        print_json(asdict(got))
    else:
        counts = f"the peer counts {got.completed} sent, {got.failed} failed"
        text = f"{len(got.files)} images in {directory}; {counts}"
        console.print(f"{text}, status 0x{got.status:04X}{got.problem}", markup=False, highlight=False)
    if got.status or not got.files:
        raise typer.Exit(1)


@app.command()
@calling_a_peer
def commit(
    peer: Peer,
    paths: Annotated[list[Path], typer.Argument(help="Files, or directories: every file below them.")],
    *,
    wait_s: Annotated[float, typer.Option("--wait", min=0.1, help="Seconds for the report.")] = 60.0,
    json: bool,
) -> None:
    """Ask an archive whether it has images for good (storage commitment). Exit code 1 where it has not."""
    try:
        references = [reference_of(file) for file in _files(paths, as_json=json)]
    except (NotAnImage, OSError) as error:
        fail(str(error), as_json=json)
    with failing_clearly(as_json=json):
        report = commit_images(peer, references, wait_s)
    if json:
        print_json(asdict(report))
    else:
        show_committed(report)
    if report.failed:
        raise typer.Exit(1)


@app.command()
def explain(
    file: Annotated[Path, typer.Argument(help="A DICOM file.")],
    *,
    calling: Calling = CALLING,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show what a file is and which events it becomes; nothing is stored. Exit code 1 where it is refused."""
    settings = read_settings(data)
    config = MappingConfig(settings.site, site_secret(settings), ZoneInfo(settings.zone))
    try:
        explanation = explained(file, calling, config, ThrowawayKeyRing(), datetime.now(UTC))
    except (NotDicom, OSError) as error:
        fail(f"{file}: {getattr(error, 'strerror', None) or error}", as_json=json)
    if json:
        print_json(asdict(explanation))
    else:
        show(explanation)
    if explanation.status:
        raise typer.Exit(1)


def _retrieve_keys(study: str, series: str | None, image: str | None) -> Dataset:
    keys = Dataset()
    keys.QueryRetrieveLevel = "IMAGE" if image else "SERIES" if series else "STUDY"
    keys.StudyInstanceUID = study
    if series:
        keys.SeriesInstanceUID = series
    if image:
        keys.SOPInstanceUID = image
    return keys


def _show_matches(matches: list[Dataset], *, as_json: bool) -> None:
    rows = [flat(match) for match in matches]
    if as_json:
        print_json(rows)
    else:
        show_matches(rows)


def _files(paths: list[Path], *, as_json: bool) -> list[Path]:
    missing = next((path for path in paths if not path.exists()), None)
    if missing is not None:
        fail(f"{missing}: no such file or directory", as_json=as_json)
    return [
        file
        for path in paths
        for file in (sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path])
    ]


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=errors, transient=True)
