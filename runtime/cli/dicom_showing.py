"""What `radstream dicom` asks for by itself, and how answers and files look on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from rich.markup import escape
from rich.table import Table

from producers.dicom.client.commitment import Committed
from producers.dicom.client.sending import Sent
from runtime.cli.output import console

if TYPE_CHECKING:
    from producers.dicom.explanation import Explanation

ITEM = "ScheduledProcedureStepSequence[0]"
LEVELS = {
    "STUDY": (
        "StudyInstanceUID",
        "PatientName",
        "PatientID",
        "AccessionNumber",
        "StudyDate",
        "StudyTime",
        "ModalitiesInStudy",
        "StudyDescription",
        "NumberOfStudyRelatedInstances",
    ),
    "SERIES": ("StudyInstanceUID", "SeriesInstanceUID", "Modality", "SeriesNumber", "SeriesDescription"),
    "IMAGE": ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "InstanceNumber"),
}
WORKLIST = (
    "PatientName",
    "PatientID",
    "AccessionNumber",
    "StudyInstanceUID",
    "RequestedProcedureDescription",
    f"{ITEM}.ScheduledProcedureStepStartDate",
    f"{ITEM}.ScheduledProcedureStepStartTime",
    f"{ITEM}.Modality",
    f"{ITEM}.ScheduledStationAETitle",
)
_NOT_SHOWN = frozenset({"SpecificCharacterSet", "QueryRetrieveLevel"})


def flat(match: Dataset) -> dict[str, str]:
    """Keywords to texts; what stands in a sequence's items stands beside the rest."""
    row: dict[str, str] = {}
    for element in match:
        name = element.keyword or str(element.tag)
        if element.VR == "SQ":
            for item in element.value:
                row.update(flat(item))
        elif name not in _NOT_SHOWN:
            row[name] = "" if element.value is None else str(element.value)
    return row


def show_matches(rows: Sequence[Mapping[str, str]]) -> None:
    """A block for each match: UIDs are whole, to be copied."""
    for row in rows:
        table = _facts()
        for name, value in row.items():
            table.add_row(name, escape(value))
        console.print(table)
        console.print()
    console.print(f"{len(rows)} matches", highlight=False)


def _facts() -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column()
    return table


def show_sent(sent: Sequence[Sent]) -> None:
    """A line for each file that was not stored or got a warning, and the sum."""
    for one in sent:
        if one.status == 0:
            continue
        status = "none" if one.status is None else f"0x{one.status:04X}"
        console.print(f"[{'yellow' if one.is_stored else 'bold red'}]{status}[/]", end=" ")
        console.print(f"{one.file}  {one.problem}", markup=False, highlight=False, soft_wrap=True)
    stored = sum(one.is_stored for one in sent)
    console.print(f"{stored} of {len(sent)} images stored", highlight=False)


def show_committed(report: Committed) -> None:
    """A line for each image that the peer does not answer for, and the sum."""
    for uid, reason in report.failed.items():
        console.print(f"[bold red]0x{reason:04X}[/]", end=" ")
        console.print(uid, markup=False, highlight=False, soft_wrap=True)
    total = len(report.committed) + len(report.failed)
    console.print(f"{len(report.committed)} of {total} images committed", highlight=False)


def show(explanation: Explanation) -> None:
    """What the file is, its events, and the status that it would get."""
    console.rule(escape(f"{explanation.sop_class}  {explanation.transfer_syntax}"), align="left")
    table = _facts()
    for name, value in explanation.attributes.items():
        table.add_row(name, "" if value is None else escape(str(value)), "")
    for name, text in explanation.sealed.items():
        table.add_row(name, escape(text), "[dim]sealed[/]")
    console.print(table)
    for event in explanation.events:
        _show_event(event)
    if explanation.status:
        text = f"{explanation.reason}: {explanation.problem}"
        console.print(f"[bold red]0x{explanation.status:04X}[/]", end=" ")
        console.print(text, markup=False, highlight=False)
    else:
        console.print(f"[green]0x0000[/] {len(explanation.events)} events; ImagesStored follows at the end")


def _show_event(event: Mapping[str, object]) -> None:
    console.print(f"\n[bold green]{event['event']}[/]")
    table = _facts()
    for name, value in event.items():
        if name != "event" and value is not None:
            table.add_row(name, escape(str(value)))
    console.print(table)
