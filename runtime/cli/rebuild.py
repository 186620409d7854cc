"""`radstream rebuild`: the views, and the fold's states, as the log has them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import typer
from rich.progress import Progress as Bar

from processors.rebuild.config import TOPIC_OF_VIEW, RebuildFailed
from processors.rebuild.service import Outcome, Rebuilder
from runtime.cli.output import Json, console, errors, fail, print_json
from runtime.cli.progress_bar import bar_teller
from runtime.cli.settings_of import Data, running_installation
from runtime.event_history import whole_log_of
from runtime.installation import Installation
from runtime.rebuilding import rebuild_config, room_made
from runtime.stack.state import StackState
from schemas.errors import SchemaError
from schemas.registry import connect_codec
from schemas.topics import FOLD_CHANGELOG

_ALL = "all"
_NAMED = 10
_DIFFERENT = 1
_View = Annotated[str, typer.Argument(help="worklist, turnaround or all.")]
_Wait = Annotated[float, typer.Option("--wait", help="Seconds: for the workers to end; for a fold behind.")]


def rebuild(
    view: _View = _ALL,
    *,
    check: Annotated[bool, typer.Option("--check", help="Compare only; exit code 1 if they differ.")] = False,
    wait: _Wait = 60.0,
    data: Data = None,
    json: Json = False,
) -> None:
    """Fold the log anew, compare what the fold keeps and shows with it, and mend what differs.

    All goes on meanwhile; only to write, the fold's workers make room for some seconds. Those of the local
    stack are asked to; stop others yourself.
    """
    if view not in (*TOPIC_OF_VIEW, _ALL):
        fail(f"there is no view {view!r}: {', '.join(TOPIC_OF_VIEW)} or {_ALL}", as_json=json)
    installation, state = running_installation(data, as_json=json)
    topics = [FOLD_CHANGELOG, *(topic for name, topic in TOPIC_OF_VIEW.items() if view in (name, _ALL))]
    try:
        outcome = _outcome(installation, state, topics, wait, check=check, quiet=json)
    except (RebuildFailed, SchemaError) as error:
        fail(str(error), as_json=json, code=2)
    _say(outcome, check=check, as_json=json)
    if check and not outcome.is_equal:
        raise typer.Exit(_DIFFERENT)


def _outcome(
    installation: Installation,
    state: StackState | None,
    topics: Sequence[str],
    wait_s: float,
    *,
    check: bool,
    quiet: bool,
) -> Outcome:
    codec = connect_codec(installation.registry_url)
    with (
        Bar(console=errors, transient=True, disable=quiet) as bar,
        rebuild_config(installation) as config,
        whole_log_of(installation) as log,
    ):
        rebuilder = Rebuilder(config, codec, topics, tell=bar_teller(bar), log=log)
        if check:
            return rebuilder.check(wait_s)
        with room_made(installation) as make_room:
            return rebuilder.run(wait_s, partial(make_room, state))


def _say(outcome: Outcome, *, check: bool, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "equal": outcome.is_equal,
                "written": not check,
                "events": outcome.events,
                "rejected": outcome.rejected,
                "missing": dict(outcome.missing),
                "surplus": dict(outcome.surplus),
                "undecided": outcome.undecided,
                "exams": outcome.exams,
            }
        )
        return
    say = partial(console.print, highlight=False, soft_wrap=True)
    say(f"{outcome.events} events of the log folded, {outcome.rejected} of them dead letters")
    for topic, count in sorted(outcome.missing.items()):
        say(f"{topic}: {count} exams {'are not' if check else 'were not'} as the log has them")
    for topic, count in sorted(outcome.surplus.items()):
        say(f"{topic}: {count} exams of which the log has nothing{'' if check else ', taken out'}")
    if outcome.exams:
        more = len(outcome.exams) - _NAMED
        say(", ".join(outcome.exams[:_NAMED]) + (f" and {more} more (--json has all)" if more > 0 else ""))
    if outcome.undecided:
        say(f"{outcome.undecided} exams changed whenever they were looked at: run it again for them")
    if outcome.is_equal:
        say("all as the log has it")
    elif check:
        say("`radstream rebuild` mends it")
