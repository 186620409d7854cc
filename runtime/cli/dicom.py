"""`radstream dicom`: talk to any DICOM system, without another toolkit."""

from __future__ import annotations

import typer

from runtime.cli.dicom_asking import echo, find, worklist
from runtime.cli.dicom_explaining import explain
from runtime.cli.dicom_images import commit, get, send
from runtime.cli.dicom_passcode import passcode

app = typer.Typer(no_args_is_help=True, help="Talk to any DICOM system, and explain DICOM files.")
for verb in (passcode, echo, send, find, worklist, get, commit, explain):
    app.command()(verb)
