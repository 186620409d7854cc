"""`radstream restore`: a data directory from a backup, in which what was erased stays erased."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress as Bar

from runtime.backing_up import restore as restore_backup
from runtime.cli.output import Json, console, errors, fail, print_json
from runtime.cli.progress_bar import bar_teller
from runtime.cli.settings_of import Data, read_settings
from runtime.installation import Installation
from runtime.stack.errors import StackError


def restore(
    place: Annotated[Path, typer.Argument(help="The backup's data.")],
    *,
    keys: Annotated[Path, typer.Option(help="The backup's keys and secrets.")],
    tombstones: Annotated[
        list[Path] | None,
        typer.Option(help="A tombstones.json from after the backup: keys that it names stay destroyed."),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make the data directory, which has to be empty, from a backup; every file is checked.

    Keys that were destroyed after the backup was made are destroyed again: those that the copy of the ring,
    the backup and the files given with --tombstones name.
    """
    target = Installation(read_settings(data)).data
    try:
        with Bar(console=errors, transient=True, disable=json) as bar:
            places = (place.expanduser(), keys.expanduser(), target)
            done = restore_backup(*places, tombstones or [], bar_teller(bar))
    except (StackError, OSError, ValueError) as error:
        fail(str(error), as_json=json)
    if json:
        print_json({"files": done.files, "bytes": done.bytes, "buried": done.buried, "data": str(target)})
    else:
        said = f"{done.files} files restored to {target}; the keys of {done.buried} subjects stay destroyed."
        console.print(said, highlight=False, soft_wrap=True, markup=False)
