"""`radstream replay --to topic:NAME`: what it does and says."""

from __future__ import annotations

from functools import partial

from rich.progress import Progress as Bar

from producers.publishing import PublishFailed
from runtime.cli.output import console, errors, fail, print_json
from runtime.cli.progress_bar import bar_teller
from runtime.installation import Installation
from runtime.replay.to_topic import Replayed, ToTopic, give_up, replay_to_topic
from runtime.stack.errors import StackError
from schemas.errors import SchemaError
from sinks.archive.errors import ArchiveError
from sinks.republishing.errors import ReplayError
from sinks.republishing.marks import RUN
from sinks.republishing.replaying import Wanted


def give_up_topic(installation: Installation, target: str, *, as_json: bool) -> None:
    """Forget what was not finished. Leaves with an error where another process is at it."""
    try:
        was_there = give_up(installation, target)
    except ReplayError as error:
        fail(str(error), as_json=as_json)
    if as_json:
        print_json({"discarded": was_there})
    else:
        console.print("given up; what it wrote stays" if was_there else "nothing was left unfinished")


def to_topic(installation: Installation, wanted: Wanted, *, create: bool, as_json: bool) -> None:
    """Replay, and say what was done. Leaves with an error where it cannot be."""
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
