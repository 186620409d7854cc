"""`radstream run ROLE`: one of our own processes, as the supervisor or a container starts it."""

from __future__ import annotations

from typing import Annotated

import typer

from processors.rebuild.config import RebuildFailed
from runtime.cli.output import fail
from runtime.cli.settings_of import Data, read_settings
from runtime.installation import Installation
from runtime.logging import configure_logging
from runtime.roles import ROLES, run_role
from runtime.stack.errors import StackError
from schemas.errors import SchemaError


def run(role: Annotated[str, typer.Argument(help="What to run.")], data: Data = None) -> None:
    """Run one process of the pipeline in the foreground (used by `up` and by containers)."""
    if role not in ROLES:
        fail(f"there is no role {role!r}: {', '.join(ROLES)}")
    configure_logging()
    try:
        run_role(role, Installation(read_settings(data)))
    except (StackError, SchemaError, RebuildFailed, OSError, ValueError) as error:
        fail(str(error))
