"""`radstream replay`: history again, into a new generation of a view, or to a topic of somebody else's."""

from __future__ import annotations

from typing import Annotated

import typer

from processors.rebuild.config import TOPIC_OF_VIEW
from runtime.cli.output import Json, fail
from runtime.cli.replay_options import (
    AsOf,
    Choice,
    Exam,
    From,
    SenseOf,
    Speed,
    Until,
    choice_of,
    selection_of,
)
from runtime.cli.replay_topic import give_up_topic, to_topic
from runtime.cli.replay_view import discard_view, to_view
from runtime.cli.settings_of import Data, running_installation
from runtime.installation import Installation
from runtime.replay.asked import ToView
from schemas.topics import EVENTS, INSTANCES
from sinks.republishing.replaying import Wanted

_ALL, _TOPIC = "all", "topic:"
_SOURCES = {"events": EVENTS, "instances": INSTANCES}
_To = Annotated[
    str, typer.Option("--to", help="worklist, turnaround or all; topic:NAME of a system that lost its data.")
]
_Source = Annotated[str, typer.Option("--source", help="To a topic: which is replayed, events or instances.")]
_Create = Annotated[bool, typer.Option("--create", help="To a topic: make it where there is none.")]
_Swap = Annotated[bool, typer.Option("--swap", help="To a view: put the new generation in its place.")]
_Keep = Annotated[bool, typer.Option("--keep", help="To a view: compare, and keep it beside (the default).")]
_Discard = Annotated[bool, typer.Option("--discard", help="Throw away what was made, or not finished.")]
_Fast = Annotated[
    bool, typer.Option("--fast", help="To turnaround: most exams at once; the tables of ClickHouse alone.")
]
_Verify = Annotated[
    bool,
    typer.Option("--verify/--no-verify", help="With --fast: check the archive's digests."),
]
_Wait = Annotated[float, typer.Option("--wait", help="Seconds for a fold or a sink that is behind.")]


def replay(
    *,
    to: _To,
    from_: From = None,
    until: Until = None,
    as_of: AsOf = None,
    sense: SenseOf = "recorded",
    exam: Exam = None,
    speed: Speed = None,
    swap: _Swap = False,
    keep: _Keep = False,
    discard: _Discard = False,
    fast: _Fast = False,
    verify: _Verify = True,
    source: _Source = "events",
    create: _Create = False,
    wait: _Wait = 60.0,
    data: Data = None,
    json: Json = False,
) -> None:
    """Read history, from the archive and from Kafka, and make of it what is asked. Stopped, it goes on where
    it was: run the same command again.

    A view is made beside the live one and compared with it; exit code 1 where they differ. Nothing live is
    touched without --swap.
    """
    try:
        selection = selection_of(from_, until, as_of, sense, exam)
        choice = choice_of(swap=swap, keep=keep, discard=discard)
        target = _target(to, source, speed)
    except ValueError as error:
        fail(str(error), as_json=json, code=2)
    installation, state = running_installation(data, as_json=json)
    if to.startswith(_TOPIC):
        wanted = Wanted(_SOURCES[source], target[0], selection, speed)
        _to_topic(installation, wanted, choice, create=create, as_json=json)
        return
    asked = ToView(
        views=target,
        selection=selection,
        swap=choice is Choice.SWAP,
        speed=speed,
        wait_s=wait,
        fast=fast,
        verify=verify,
    )
    if choice is Choice.DISCARD:
        discard_view(installation, state, asked, as_json=json)
    else:
        to_view(installation, state, asked, as_json=json)


def _to_topic(
    installation: Installation, wanted: Wanted, choice: Choice, *, create: bool, as_json: bool
) -> None:
    if choice is Choice.DISCARD:
        give_up_topic(installation, wanted.target, as_json=as_json)
    else:
        to_topic(installation, wanted, create=create, as_json=as_json)


def _target(to: str, source: str, speed: float | None) -> list[str]:
    """The topic, or the views. Raises ValueError."""
    if source not in _SOURCES:
        raise ValueError(f"--source takes {' or '.join(_SOURCES)}")
    if speed is not None and speed <= 0:
        raise ValueError("--speed takes a number above 0: 60 is a minute in a second")
    if to.startswith(_TOPIC):
        return [to.removeprefix(_TOPIC)]
    if to not in (*TOPIC_OF_VIEW, _ALL):
        raise ValueError(f"--to takes {', '.join(TOPIC_OF_VIEW)}, {_ALL} or {_TOPIC}NAME")
    return [name for name in TOPIC_OF_VIEW if to in (name, _ALL)]
