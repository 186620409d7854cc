"""`radstream evidence EXAM`: a bundle that proves an exam's events to who does not trust us."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress as Bar

from producers.publishing import PublishFailed
from runtime.archive import trusted_keys
from runtime.cli.output import Json, console, errors, fail, print_json
from runtime.cli.progress_bar import bar_teller
from runtime.cli.settings_of import Data, running_installation
from runtime.evidence.collecting import NoEvidence, export, prove_exam
from runtime.stack.errors import StackError
from schemas.errors import SchemaError
from sinks.archive.errors import ArchiveError


def evidence(
    exam: Annotated[str, typer.Argument(help="Exam id (issuer|accession), or accession number.")],
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="The bundle, a zip archive.")],
    names: Annotated[
        bool, typer.Option("--names", help="With names and free text, opened with the key ring.")
    ] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Put an exam's archived events into a bundle, each with its path to a signed root, and a checker.

    The export is recorded in the log (AccessRecorded) before the bundle is written.
    """
    installation, _ = running_installation(data, as_json=json)
    try:
        with Bar(console=errors, transient=True, disable=json) as bar:
            proven = prove_exam(installation, exam, bar_teller(bar))
        export(installation, proven, output, with_names=names)
        key = trusted_keys(installation)[0].hex()
    except (NoEvidence, ArchiveError, StackError, SchemaError, ValueError) as error:
        fail(str(error), as_json=json)
    except PublishFailed as error:
        fail(f"nothing was exported, since the log cannot say so: {error}", as_json=json)
    except OSError as error:
        fail(f"cannot write {output}: {error.strerror}; name another place with -o", as_json=json)
    if json:
        print_json({"bundle": str(output), **proven.summary(), "public_key": key})
        return
    say = f"{output}: {len(proven.found)} events of {proven.exam_id}, under seal {proven.seal.number}"
    console.print(say, highlight=False, soft_wrap=True, markup=False)
    if proven.unsealed:
        console.print(f"{proven.unsealed} more events are not sealed yet", highlight=False)
    console.print(f"check it with: python check.py {output} --key {key}", highlight=False, soft_wrap=True)
