"""`radstream down`: stop the stack of a data directory."""

from __future__ import annotations

from runtime.cli.output import Json, console, fail, print_json
from runtime.cli.settings_of import Data, read_settings
from runtime.installation import Installation
from runtime.stack.control import stop_running_stack
from runtime.stack.errors import StackError


def down(*, data: Data = None, json: Json = False) -> None:
    """Stop the running stack; its data stays."""
    place = Installation(read_settings(data)).data
    try:
        stopped = stop_running_stack(place)
    except StackError as error:
        fail(str(error), as_json=json)
    if json:
        print_json({"stopped": stopped, "data": str(place)})
    else:
        console.print("stopped" if stopped else f"nothing runs on {place}")
