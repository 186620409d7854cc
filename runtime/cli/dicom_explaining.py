"""`radstream dicom explain`: which events a file becomes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from producers.dicom.explanation import NotDicom
from producers.dicom.explanation import explain as explained
from producers.dicom.mapping import MappingConfig
from producers.throwaway_keys import ThrowawayKeyRing
from runtime.cli.dicom_peer import CALLING, Calling
from runtime.cli.dicom_showing import show
from runtime.cli.hl7_explaining import site_secret
from runtime.cli.output import Json, fail, print_json
from runtime.cli.settings_of import Data, read_settings


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
