"""`radstream dicom send`, `get`, `commit`: images to and from another system."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from pydicom.dataset import Dataset
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from producers.dicom.client import retrieving, sending
from producers.dicom.client.commitment import NotAnImage, reference_of
from producers.dicom.client.commitment import commit as commit_images
from producers.dicom.client.peer import Peer
from runtime.cli.dicom_peer import calling_a_peer, failing_clearly
from runtime.cli.dicom_showing import show_committed, show_sent
from runtime.cli.output import console, errors, fail, print_json


@calling_a_peer
def send(
    peer: Peer,
    paths: Annotated[list[Path], typer.Argument(help="Files, or directories: every file below them.")],
    *,
    json: bool,
) -> None:
    """Send images as they are (C-STORE). Exit code 1 where one was not stored."""
    files = _files(paths, as_json=json)
    sent: list[sending.Sent] = []
    with failing_clearly(as_json=json), _progress() as progress:
        task = progress.add_task("sending", total=len(files))
        for one in sending.send(peer, files):
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
        got = retrieving.get(
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


def _retrieve_keys(study: str, series: str | None, image: str | None) -> Dataset:
    keys = Dataset()
    keys.QueryRetrieveLevel = "IMAGE" if image else "SERIES" if series else "STUDY"
    keys.StudyInstanceUID = study
    if series:
        keys.SeriesInstanceUID = series
    if image:
        keys.SOPInstanceUID = image
    return keys


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
