"""`radstream train`: models that forecast when exams will be done, from the events in ClickHouse."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated

import clickhouse_connect.driver.exceptions
import typer
from rich.progress import Progress as Bar

from processors.predictions.model import UnreadableModel
from processors.predictions.training import DEFAULT_PLAN
from runtime.cli.on_stack import Stopping, on_stack, unless
from runtime.cli.output import Json, console, errors, fail, print_json, print_table
from runtime.cli.progress_bar import bar_teller
from runtime.cli.settings_of import Data
from runtime.cli.teller import SilentTeller, Teller
from runtime.installation import Installation
from runtime.pipeline import start_stores
from runtime.predictions.recorded import NoHistory
from runtime.predictions.scored import score_lines
from runtime.predictions.store import ModelStoreError
from runtime.predictions.training import Trained, TrainingWish
from runtime.predictions.training import train as train_models
from runtime.stack.errors import StackError

_INTERRUPTED = 130
_Days = Annotated[float, typer.Option("--days", min=7, help="Learn from so many days before now.")]
_Held = Annotated[float, typer.Option("--held-days", min=1, help="Keep so many days back, to score on.")]
_Rounds = Annotated[int, typer.Option("--rounds", min=1, help="Trees of each forest.")]
_Promote = Annotated[
    bool, typer.Option("--promote/--keep", help="Bring it into use where it is better, or keep it only.")
]


def train(
    *,
    days: _Days = 730.0,
    held_days: _Held = 14.0,
    rounds: _Rounds = DEFAULT_PLAN.rounds,
    promote: _Promote = True,
    data: Data = None,
    json: Json = False,
) -> None:
    """Train from the log, score on the last days beside the rolling median, use what is better.

    Where no stack runs, its stores are started (on free ports), and stopped in the end. Interrupted, it
    leaves everything as it was.
    """
    wish = TrainingWish(
        datetime.now(UTC) - timedelta(days=days), held_days, promote, replace(DEFAULT_PLAN, rounds=rounds)
    )
    try:
        with Bar(console=errors, transient=True, disable=json) as bar:
            tell = bar_teller(bar)

            def work(there: Installation, stopping: Stopping) -> Trained:
                return train_models(there, wish, unless(stopping, tell))

            trained = on_stack(data, work, SilentTeller() if json else Teller(), start_stores)
    except (NoHistory, ModelStoreError, StackError, UnreadableModel) as error:
        fail(str(error), as_json=json)
    except clickhouse_connect.driver.exceptions.ClickHouseError as error:
        fail(f"ClickHouse: {error}", as_json=json, code=2)
    if trained is None:
        raise typer.Exit(_INTERRUPTED)
    if json:
        print_json({"version": trained.version, "promoted": trained.is_promoted, **trained.about})
    else:
        _say(trained)


def _say(trained: Trained) -> None:
    print_table("Scores on the held-out days, minutes", score_lines(trained.about["scores"]))
    for milestone, how in trained.about["milestones"].items():
        if how != "model":
            console.print(f"{milestone}: the rolling median speaks: {how}", highlight=False)
    state = "is in use now" if trained.is_promoted else "is kept, not in use"
    console.print(f"{trained.version} {state}: {trained.contest.why}", highlight=False, soft_wrap=True)
