"""`radstream replay`: history again, to a topic of somebody else's."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer
from rich.progress import Progress as Bar

from producers.publishing import PublishFailed
from runtime.cli.output import Json, console, errors, fail, print_json
from runtime.cli.progress_bar import bar_teller
from runtime.cli.replay_options import AsOf, Exam, From, SenseOf, Speed, Until, selection_of
from runtime.cli.settings_of import Data, running_installation
from runtime.installation import Installation
from runtime.replay.to_topic import Replayed, ToTopic, give_up, replay_to_topic
from runtime.stack.errors import StackError
from schemas.errors import SchemaError
from schemas.topics import EVENTS, INSTANCES
from sinks.archive.errors import ArchiveError
from sinks.republishing.errors import ReplayError
from sinks.republishing.marks import RUN
from sinks.republishing.replaying import Wanted

_TOPIC = "topic:"
_SOURCES = {"events": EVENTS, "instances": INSTANCES}
_To = Annotated[str, typer.Option("--to", help="topic:NAME of a system that lost its data.")]
_Source = Annotated[str, typer.Option("--source", help="Which topic is replayed: events or instances.")]


def replay(
    *,
    to: _To,
    from_: From = None,
    until: Until = None,
    as_of: AsOf = None,
    sense: SenseOf = "recorded",
    exam: Exam = None,
    speed: Speed = None,
    source: _Source = "events",
    create: Annotated[bool, typer.Option("--create", help="Make the topic where there is none.")] = False,
    discard: Annotated[bool, typer.Option("--discard", help="Give up what was not finished.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Read history, from the archive and from Kafka, and say it again. Stopped, it goes on where it was."""
    if not to.startswith(_TOPIC) or source not in _SOURCES or (speed is not None and speed <= 0):
        fail("--to takes topic:NAME, --source events or instances, --speed a number above 0", as_json=json)
    try:
        selection = selection_of(from_, until, as_of, sense, exam)
    except ValueError as error:
        fail(str(error), as_json=json)
    installation, _ = running_installation(data, as_json=json)
    wanted = Wanted(_SOURCES[source], to.removeprefix(_TOPIC), selection, speed)
    if discard:
        _give_up(installation, wanted.target, as_json=json)
    else:
        _to_topic(installation, wanted, create=create, as_json=json)


def _give_up(installation: Installation, target: str, *, as_json: bool) -> None:
    try:
        was_there = give_up(installation, target)
    except ReplayError as error:
        fail(str(error), as_json=as_json)
    if as_json:
        print_json({"discarded": was_there})
    else:
        console.print("given up; what it wrote stays" if was_there else "nothing was left unfinished")


def _to_topic(installation: Installation, wanted: Wanted, *, create: bool, as_json: bool) -> None:
    try:
        with Bar(console=errors, transient=True, disable=as_json) as bar:
            done = replay_to_topic(installation, ToTopic(wanted, create, bar_teller(bar)))
    except PublishFailed as error:
        fail(f"nothing was replayed, since the log cannot say so: {error}", as_json=as_json, code=2)
    except (ReplayError, ArchiveError, StackError, SchemaError, ValueError) as error:
        fail(str(error), as_json=as_json, code=2)
    _say_topic(done, as_json=as_json)


def _say_topic(done: Replayed, *, as_json: bool) -> None:
    run = done.run
    if as_json:
        said = {"run_id": run.run_id, "source": run.source, "topic": run.target, "messages": run.written}
        print_json({**said, "went_on": done.went_on})
        return
    say = partial(console.print, highlight=False, soft_wrap=True, markup=False)
    went_on = ", the first part of them before it was stopped" if done.went_on else ""
    say(f"{run.target} has {run.written} messages of {run.source}{went_on}")
    say(f"each has the header {RUN}: {run.run_id}")
