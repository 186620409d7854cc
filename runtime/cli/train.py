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
from runtime.cli.output import Json, console, errors, fail, print_json, print_table
from runtime.cli.progress_bar import bar_teller
from runtime.cli.settings_of import Data, running_installation
from runtime.predictions.recorded import NoHistory
from runtime.predictions.scored import score_lines
from runtime.predictions.store import ModelStoreError
from runtime.predictions.training import Trained, TrainingWish
from runtime.predictions.training import train as train_models
from runtime.stack.errors import StackError

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
    """Train from the log, score on the last days beside the rolling median, use what is better."""
    installation, _ = running_installation(data, as_json=json)
    wish = TrainingWish(
        datetime.now(UTC) - timedelta(days=days), held_days, promote, replace(DEFAULT_PLAN, rounds=rounds)
    )
    try:
        with Bar(console=errors, transient=True, disable=json) as bar:
            trained = train_models(installation, wish, bar_teller(bar))
    except (NoHistory, ModelStoreError, StackError, UnreadableModel) as error:
        fail(str(error), as_json=json)
    except clickhouse_connect.driver.exceptions.ClickHouseError as error:
        fail(f"ClickHouse at {installation.clickhouse_url}: {error}", as_json=json, code=2)
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
