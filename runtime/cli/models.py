"""`radstream models`: which models there are, which is in use, and back to another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from runtime.cli.output import Json, console, fail, print_json, print_table
from runtime.cli.settings_of import Data, running_installation
from runtime.predictions.models import model_store
from runtime.predictions.scored import score_lines
from runtime.predictions.store import DamagedEntry, ModelStore, ModelStoreError, NoSuchModel, Promotion
from runtime.predictions.turns import rollback as turn_back

app = typer.Typer(no_args_is_help=True, help="Models of the forecasts: list, show, promote, roll back.")
_Version = Annotated[str, typer.Argument(help="A version, as `radstream models list` names it.")]


@app.command("list")
def list_(*, data: Data = None, json: Json = False) -> None:
    """Every version, the latest first, and which is in use."""
    store = _store(data, as_json=json)
    try:
        promotions = store.promotions()
        lines = [_line(store, version, promotions) for version in reversed(store.versions())]
    except ModelStoreError as error:
        fail(str(error), as_json=json)
    if json:
        print_json({"models": lines})
    elif lines:
        print_table("Models", lines)
    else:
        console.print("There is no model yet: `radstream train` makes one.")


@app.command()
def show(version: _Version, *, data: Data = None, json: Json = False) -> None:
    """What a version was made from, and how it did on the days that were held out."""
    store = _store(data, as_json=json)
    try:
        about, drift = store.about(version), store.drift(version)
    except NoSuchModel:
        fail(f"there is no model {version}: `radstream models list` names them", as_json=json)
    except ModelStoreError as error:
        fail(str(error), as_json=json)
    if json:
        print_json({**about, "drift": drift})
        return
    for name in ("made_at", "code_version", "site", "data_from", "data_until", "exams", "events", "sha256"):
        console.print(f"{name.replace('_', ' ')}: {about[name]}", highlight=False, soft_wrap=True)
    told = "not judged yet" if drift is None else "; ".join((drift["verdict"], *drift["reasons"]))
    console.print(f"last week: {told}", highlight=False, soft_wrap=True)
    print_table("Held-out days, minutes", score_lines(about["scores"]))
    print_table("By modality and priority", score_lines(about["scores"], by_group=True))


@app.command()
def promote(version: _Version, *, data: Data = None, json: Json = False) -> None:
    """Bring a version into use, whatever its scores."""
    promotion = Promotion(version, datetime.now(UTC).isoformat(), "by hand")
    _promote(_store(data, as_json=json), promotion, as_json=json)


@app.command()
def rollback(*, data: Data = None, json: Json = False) -> None:
    """Back to the version that was in use before; again, to the one before that."""
    store = _store(data, as_json=json)
    try:
        promotion = turn_back(store.promotions(), datetime.now(UTC))
    except ModelStoreError as error:
        fail(str(error), as_json=json)
    if promotion is None:
        fail("no other model was in use before: `radstream models promote` takes any version", as_json=json)
    _promote(store, promotion, as_json=json)


def _promote(store: ModelStore, promotion: Promotion, *, as_json: bool) -> None:
    version = promotion.version
    try:
        store.promote(promotion)
    except NoSuchModel:
        fail(f"there is no model {version}: `radstream models list` names them", as_json=as_json)
    except ModelStoreError as error:
        fail(str(error), as_json=as_json)
    if as_json:
        print_json({"version": version, "why": promotion.why})
    else:
        console.print(f"{version} is in use now", highlight=False)


def _store(data: Data, *, as_json: bool) -> ModelStore:
    installation, _ = running_installation(data, as_json=as_json)
    return model_store(installation)


def _line(store: ModelStore, version: str, promotions: Sequence[Promotion]) -> dict[str, Any]:
    in_use = "yes" if promotions and promotions[-1].version == version else ""
    line = {"version": version, "in_use": in_use, "exams": None, "data_until": None, "drift": None}
    try:
        about = store.about(version)
    except (DamagedEntry, NoSuchModel) as error:
        return {**line, "verdict": str(error)}
    drift = store.drift(version)
    return {
        "version": version,
        "in_use": in_use,
        "exams": about["exams"],
        "data_until": about["data_until"][:10],
        "drift": None if drift is None else drift["verdict"],
        "verdict": about["verdict"],
    }
