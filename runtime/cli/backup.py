"""`radstream backup`: the stopped local stack, copied, its keys apart from its data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress as Bar

from runtime.backing_up import back_up
from runtime.cli.output import Json, console, errors, fail, print_json
from runtime.cli.progress_bar import bar_teller
from runtime.cli.settings_of import Data, read_settings
from runtime.installation import Installation
from runtime.stack.errors import StackError


def backup(
    place: Annotated[Path, typer.Argument(help="A new directory for the data.")],
    *,
    keys: Annotated[Path, typer.Option(help="A new directory for keys and secrets, kept somewhere else.")],
    data: Data = None,
    json: Json = False,
) -> None:
    """Copy the data directory of a local stack that is stopped.

    Keys and secrets go to a place of their own: keep the two apart, and the keys for a short time only. Later
    erasures destroy keys in that place too, where they can reach it.
    """
    installation = Installation(read_settings(data))
    try:
        with Bar(console=errors, transient=True, disable=json) as bar:
            done = back_up(installation, place.expanduser(), keys.expanduser(), bar_teller(bar))
    except (StackError, OSError, ValueError) as error:
        fail(str(error), as_json=json)
    if json:
        print_json({"files": done.files, "bytes": done.bytes, "place": str(place), "keys": str(keys)})
    else:
        said = (
            f"{done.files} files ({done.bytes / 1e6:.1f} MB) copied to {place}, keys and secrets to {keys}."
        )
        console.print(said, highlight=False, soft_wrap=True, markup=False)
