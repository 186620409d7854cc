"""Versions of models: what comes into use, what is gone back to, and what a damaged entry does."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from dashboards.forecast.held_out import HeldOut, NoModel
from processors.predictions.examples import Examples
from processors.predictions.forecaster import Forecasters
from processors.predictions.training import DAY_US, trained
from runtime.cli import models as verb
from runtime.predictions import held_out as held_out_module
from runtime.predictions import training as training_module
from runtime.predictions.held_out import StandingRecord
from runtime.predictions.recorded import Span
from runtime.predictions.store import DamagedEntry, NoSuchModel, Promotion
from runtime.predictions.training import Trained, TrainingWish, train
from runtime.predictions.turns import versions_in_turn
from tests.forecast_examples import PLAN, department
from tests.histories import MORNING
from tests.models_in_memory import StoreInMemory

ABOUT = {"exams": 3, "data_until": "2026-03-01T00:00:00+00:00", "verdict": "better"}


@pytest.fixture(scope="module")
def forecasters() -> Forecasters:
    return trained(department(3_000), 60 * DAY_US, PLAN)


@pytest.fixture
def store(forecasters: Forecasters) -> StoreInMemory:
    found = StoreInMemory()
    for version in ("v1", "v2", "v3"):
        found.add(version, forecasters, ABOUT, {"days": {"columns": [], "rows": []}})
        found.promote(promotion(version))
    return found


def promotion(version: str, why: str = "by hand") -> Promotion:
    return Promotion(version, MORNING.isoformat(), why)


def ask(store: StoreInMemory, monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, dict[str, Any]]:
    monkeypatch.setattr(verb, "_store", lambda *_, **__: store)
    done = CliRunner().invoke(verb.app, [*words, "--json"])
    return done.exit_code, json.loads(done.stdout)


def test_each_rollback_goes_one_version_further_back(
    store: StoreInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(store, monkeypatch, "rollback") == (0, {"version": "v2", "why": "rollback from v3"})
    assert ask(store, monkeypatch, "rollback") == (0, {"version": "v1", "why": "rollback from v2"})
    code, said = ask(store, monkeypatch, "rollback")
    assert (code, "no other model was in use before" in said["error"]) == (1, True)
    assert ask(store, monkeypatch, "promote", "v3")[0] == 0
    assert ask(store, monkeypatch, "rollback")[1]["version"] == "v1"


def test_only_a_version_that_is_there_comes_into_use(
    store: StoreInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = ask(store, monkeypatch, "promote", "v9")
    assert (code, "there is no model v9" in said["error"]) == (1, True)
    with pytest.raises(NoSuchModel):
        store.promote(promotion("v9"))
    in_use = [one["version"] for one in ask(store, monkeypatch, "list")[1]["models"] if one["in_use"]]
    assert in_use == ["v3"]


def test_what_was_rolled_back_from_is_not_fallen_back_on() -> None:
    used = [promotion("v1"), promotion("v2"), promotion("v3")]
    assert versions_in_turn(used) == ["v3", "v2", "v1"]
    assert versions_in_turn([*used, promotion("v2", "rollback from v3")]) == ["v2", "v1"]
    assert versions_in_turn([*used, promotion("v1")]) == ["v1", "v3", "v2"]
    assert versions_in_turn([promotion("v2", "rollback from v3")]) == ["v2"]
    assert versions_in_turn([]) == []


def test_a_version_of_which_something_else_is_said_than_was_kept_is_damaged(
    store: StoreInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "models/v3/about.json"
    assert store.about("v3")["exams"] == ABOUT["exams"]
    store.kept[name] = store.kept[name].replace(b'"exams"', b'"exbms"')
    with pytest.raises(DamagedEntry, match=r"about\.json is damaged"):
        store.forecasters("v3")
    assert store.record("v3") is None
    line = next(one for one in ask(store, monkeypatch, "list")[1]["models"] if one["version"] == "v3")
    assert line["verdict"] == f"{name} is damaged"


def test_a_track_record_that_was_changed_is_not_shown(store: StoreInMemory) -> None:
    assert store.record("v2") is not None
    store.kept["models/v2/record.json"] += b" "
    assert store.record("v2") is None


def test_nothing_that_is_no_number_is_kept(store: StoreInMemory, forecasters: Forecasters) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        store.add("v4", forecasters, {"scores": [float("nan")]}, {})
    with pytest.raises(ValueError, match="not JSON compliant"):
        store.add("v5", forecasters, ABOUT, {"days": float("nan")})
    with pytest.raises(ValueError, match="not JSON compliant"):
        store.keep_drift("v3", {"stability": {"unread": float("inf")}})


def test_the_page_of_forecasts_says_what_is_in_use_or_why_nothing_is_known_of_it(
    store: StoreInMemory, forecasters: Forecasters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_out_module, "model_store", lambda _: store)
    asked = StandingRecord(Installation())  # type: ignore[arg-type]  # it is handed on only
    store.kept.clear()
    nothing = asked()
    assert isinstance(nothing, NoModel)
    assert nothing.why.startswith("No model was trained yet: forecasts are what exams like these took")
    assert "`radstream train` makes a model" in nothing.next_step
    made = {
        "made_at": MORNING.isoformat(),
        "data_from": MORNING.isoformat(),
        "milestones": {"final": "model"},
    }
    store.add("v1", forecasters, {**ABOUT, **made}, {"days": {"columns": ["day"], "rows": [["2026-03-01"]]}})
    store.promote(promotion("v1", "it is better"))
    found = asked()
    assert isinstance(found, HeldOut)
    assert (found.version, found.why_in_use, found.is_kept) == ("v1", "it is better", True)
    store.kept["models/v1/about.json"] = b"{"
    damaged = asked()
    assert isinstance(damaged, NoModel)
    assert "models/v1/about.json is damaged" in damaged.why
    store.is_away = True
    away = asked()
    assert isinstance(away, NoModel)
    assert (away.why, away.next_step) == (
        "Which model is in use is not known: object store: MaxRetryError.",
        "`radstream status` says whether the object store serves.",
    )


class Installation:
    """What training asks of one."""

    class settings:  # noqa: N801 - as the installation has it
        zone, site, targets = "UTC", "GENERAL", None


def train_on(store: StoreInMemory, monkeypatch: pytest.MonkeyPatch, *, promote: bool = True) -> Trained:
    def examples(*_: object) -> tuple[Examples, Span]:
        end = datetime.fromtimestamp(60 * DAY_US / 1e6, UTC)
        return department(12_000), Span(datetime.fromtimestamp(0, UTC), end, 1, 1)

    monkeypatch.setattr(training_module, "model_store", lambda _: store)
    monkeypatch.setattr(training_module, "_examples", examples)
    wish = TrainingWish(MORNING, held_days=10, promote=promote, plan=PLAN)
    return train(Installation(), wish, lambda *_: None)  # type: ignore[arg-type]  # what it asks of one


def test_training_brings_into_use_only_what_is_better_and_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    store = StoreInMemory()
    kept = train_on(store, monkeypatch, promote=False)
    assert (kept.is_promoted, kept.contest.is_won, store.promotions()) == (False, True, ())
    store.kept.clear()
    first = train_on(store, monkeypatch)
    assert first.is_promoted
    assert [one.version for one in store.promotions()] == [first.version]
    monkeypatch.setattr(training_module, "digest_of", lambda _: "again" * 2)  # a version of its own
    again = train_on(store, monkeypatch)
    assert "that of the model in use" in again.about["verdict"]
    assert not again.is_promoted, "it is no better than the same"
    assert [one.version for one in store.promotions()] == [first.version]
    assert store.versions() == sorted({first.version, again.version})
