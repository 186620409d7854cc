"""`radstream replay --to VIEW`: what it does and says."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import typer
from clickhouse_connect.driver.exceptions import ClickHouseError
from confluent_kafka import KafkaException
from rich.progress import Progress as Bar

from processors.rebuild.config import TOPIC_OF_VIEW, RebuildFailed
from runtime.cli.output import console, errors, fail, print_json
from runtime.cli.progress_bar import bar_teller
from runtime.fast_rebuild.run import Rebuilt
from runtime.installation import Installation
from runtime.replay.asked import Made, ToView
from runtime.replay.at_once import ReplayAtOnce
from runtime.replay.comparing import Comparison
from runtime.replay.generation import SWAPPED
from runtime.replay.to_view import ViewReplay
from runtime.stack.errors import StackError
from runtime.stack.state import StackState
from schemas.errors import SchemaError
from sinks.archive.errors import ArchiveError
from sinks.clickhouse.errors import SinkError
from sinks.clickhouse.generations.tables import TABLES_OF_TOPIC, name_in
from sinks.republishing.errors import ReplayError

_DIFFERENT = 1
_SHOWN = 6
_KINDS = (
    ("differ", "differ"),
    ("missing", "are not live"),
    ("surplus", "are live, and the log has nothing of them"),
)


def to_view(installation: Installation, state: StackState | None, asked: ToView, *, as_json: bool) -> None:
    """Make, compare, swap where that is asked, and say so. Leaves with 1 where what is live is not as all of
    history has it.
    """
    with _failing(as_json=as_json), Bar(console=errors, transient=True, disable=as_json) as bar:
        ways = ReplayAtOnce(installation) if asked.fast else ViewReplay(installation, state)
        made = ways.replay(replace(asked, tell=bar_teller(bar)))
    if as_json:
        print_json(_document(made))
    else:
        _say(made)
    found, generation = made.comparison, made.generation
    is_whole = generation.state != SWAPPED and generation.is_whole
    if is_whole and found is not None and not found.is_equal:
        raise typer.Exit(_DIFFERENT)


def discard_view(
    installation: Installation, state: StackState | None, asked: ToView, *, as_json: bool
) -> None:
    """Throw away, and say what."""
    with _failing(as_json=as_json):
        found = ViewReplay(installation, state).discard(asked)
    if as_json:
        print_json({"discarded": [one.number for one in found]})
    else:
        gone = ", ".join(str(one.number) for one in found)
        console.print(f"generation {gone} is gone" if found else "there was none", highlight=False)


@contextmanager
def _failing(*, as_json: bool) -> Iterator[None]:
    try:
        yield
    except (
        ReplayError,
        RebuildFailed,
        ArchiveError,
        SinkError,
        StackError,
        SchemaError,
        ValueError,
    ) as error:
        fail(str(error), as_json=as_json, code=2)
    except KafkaException as error:
        fail(f"Kafka: {error.args[0].str()}: run the same command again", as_json=as_json, code=2)
    except ClickHouseError as error:
        # The message may repeat what stands in rows.
        name = getattr(error, "name", None) or type(error).__name__
        fail(
            f"ClickHouse: {name}: see `radstream status`, then run the same command again",
            as_json=as_json,
            code=2,
        )


def _tables(made: Made) -> list[str]:
    number = made.generation.number
    topics = [TOPIC_OF_VIEW[view] for view in made.generation.views]
    return [name_in(table, number) for topic in topics for table in TABLES_OF_TOPIC[topic]]


def _document(made: Made) -> dict[str, Any]:
    generation, found = made.generation, made.comparison
    said: dict[str, Any] = {
        "generation": generation.number,
        "state": generation.state,
        "tables": _tables(made),
    }
    if made.rebuilt is not None:
        said["made"] = _made(made.rebuilt)
    if found is None:
        return said
    places = {
        place: {kind: len(getattr(one, kind)) for kind, _ in _KINDS} for place, one in found.places.items()
    }
    named = [{"view": one.view, "exam": one.exam, "fields": list(one.fields)} for one in found.named]
    return {
        **said,
        "equal": found.is_equal,
        "exams": found.exams,
        "changing": found.changing,
        "places": places,
        "named": named,
    }


def _made(rebuilt: Rebuilt) -> dict[str, Any]:
    counts = rebuilt.counts
    return {
        "events": counts.events,
        "exams": counts.exams,
        "exams_folded": counts.folded,
        "rejected": counts.rejected,
        "seconds": round(rebuilt.exams_s + rebuilt.engine_s, 1),
    }


def _say(made: Made) -> None:
    say: Callable[[str], None] = partial(console.print, highlight=False, soft_wrap=True, markup=False)
    if made.rebuilt is not None:
        told = _made(made.rebuilt)
        say(
            f"{told['events']} events read in {told['seconds']} s, {told['rejected']} of them dead letters; "
            f"{told['exams_folded']} of {told['exams']} exams went through the fold"
        )
    if made.comparison is not None:
        _say_comparison(made.comparison, say)
    generation = made.generation
    if generation.state == SWAPPED:
        say(f"generation {generation.number} is live. What was is in {', '.join(_tables(made))}")
        say(f"when you are content: {_again()} --discard")
        return
    say(f"generation {generation.number} is in {', '.join(_tables(made))}")
    if not generation.is_whole:
        say(f"look at it with radstream sql, FROM {_tables(made)[0]} FINAL")
    else:
        say(f"put it in the place of the live one: {_again()} --swap")
    say(f"throw it away: {_again()} --discard")


def _say_comparison(found: Comparison, say: Callable[[str], None]) -> None:
    for view, count in found.exams.items():
        say(f"{view}: {count} exams")
    for place, one in found.places.items():
        parts = [f"{len(getattr(one, kind))} {words}" for kind, words in _KINDS if getattr(one, kind)]
        say(f"  {place}: {', '.join(parts) if parts else 'equal'}")
    for named in found.named:
        more = len(named.fields) - _SHOWN
        shown = ", ".join(named.fields[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
        say(f"  {named.view} of {named.exam}: {shown}")
    if found.changing:
        say(f"  {found.changing} exams changed whenever they were looked at: run it again for them")


def _again() -> str:
    given = [word for word in sys.argv[1:] if word not in ("--swap", "--keep", "--json")]
    return " ".join(["radstream", *given])
