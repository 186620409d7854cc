"""Bad input of forecasts: what it falls back to, why, and that no number that is none reaches a row."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.predictions import model as model_module
from processors.predictions import standing_models
from processors.predictions.config import BASELINE, ForecastConfig, InUse, Unanswered
from processors.predictions.exam import ForecastExam, Phase
from processors.predictions.forecaster import Forecasters
from processors.predictions.package import digest_of, packed
from processors.predictions.standing_models import ModelsInUse
from processors.predictions.status import ForecastStatus
from processors.predictions.training import DAY_US, baselines, trained
from runtime.health.forecasts import forecast_health
from runtime.predictions import in_use as in_use_module
from runtime.predictions.in_use import InstallationModels
from runtime.predictions.recorded import NoHistory
from runtime.predictions.store import Promotion
from schemas.codec import encode_body
from schemas.forecast_features import DRIFTED, STEADY
from schemas.parts import Target
from schemas.views import PredictionRow
from tests.forecast_examples import PLAN, department, desk_judging_by
from tests.histories import MORNING
from tests.models_in_memory import StoreInMemory

NOW_US = 60 * DAY_US
TARGETS = (
    Target(interval="report_turnaround", due_s=3600, warn_before_s=900, warn_probability=0.5),
    Target(interval="arrival_to_start", due_s=1800, warn_before_s=600),
)
_YEARS = st.integers(-3 * 365 * DAY_US, 3 * 365 * DAY_US)
_MILESTONES = (
    "ordered",
    "arrived",
    "started",
    "completed",
    "stored",
    "study_stored",
    "dictated",
    "preliminary",
)


@pytest.fixture(scope="module")
def forecasters() -> Forecasters:
    return trained(department(12_000), NOW_US, PLAN)


@st.composite
def odd_exams(draw: st.DrawFn) -> ForecastExam:
    """With steps missing, in any order, long ago or in the future, of modalities that nobody has."""
    known = draw(st.lists(st.sampled_from(_MILESTONES), unique=True))
    word = st.sampled_from(["", "CT", "MR", "XA", "\u2603"])
    return ForecastExam(
        exam_id=draw(st.sampled_from(["G|1", "G|2", "G|3"])),
        accession_number=draw(word),
        site=draw(word),
        modality=draw(word),
        priority=draw(st.sampled_from(["", "STAT", "ROUTINE", "?"])),
        patient_class=draw(word),
        procedure_code=draw(word),
        station=draw(word),
        reader=draw(word),
        phase=draw(st.sampled_from([*Phase])),
        since_us=draw(st.none() | _YEARS.map(lambda one: NOW_US + one)),
        scheduled_us=draw(st.none() | _YEARS.map(lambda one: NOW_US + one)),
        reached={name: NOW_US + draw(_YEARS) for name in known},
    )


@settings(max_examples=60)
@given(st.lists(odd_exams(), min_size=1, max_size=6), st.booleans())
def test_whatever_an_exam_is_like_its_rows_are_numbers_and_in_order(
    forecasters: Forecasters, exams: list[ForecastExam], by_model: bool
) -> None:
    some = department(50, seed=3)
    in_use = (
        InUse("m1", forecasters) if by_model else InUse(BASELINE, baselines(some, NOW_US + 5 * DAY_US, PLAN))
    )
    desk = desk_judging_by(*TARGETS)
    for exam in exams:
        desk.take_exam(exam, NOW_US)
    for _, row in desk.settle(in_use, NOW_US, everything=True):
        if row is None:
            continue
        encode_body(row)
        steps = [
            row.made_at,
            row.p05_at,
            row.p10_at,
            row.p25_at,
            row.p50_at,
            row.p75_at,
            row.p90_at,
            row.p95_at,
        ]
        assert all(earlier <= later for earlier, later in itertools.pairwise(one for one in steps if one))
        assert row.breach_probability is None or 0 <= row.breach_probability <= 1
        assert (row.model == BASELINE) == bool(row.fallback_reason), "who falls back says why"


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_no_row_takes_a_number_that_is_none(number: float) -> None:
    row = PredictionRow(
        prediction_id="G|1|final",
        exam_id="G|1",
        site="G",
        milestone="final",
        made_at=MORNING,
        p10_at=MORNING,
        p50_at=MORNING,
        p90_at=MORNING,
        reasons=(),
        model="m1",
    )
    encode_body(replace(row, breach_probability=0.5))
    for broken in ({"breach_probability": number}, {"baseline_min": (1.0, number)}):
        with pytest.raises(ValueError, match="not finite"):
            encode_body(replace(row, **broken))


def rows_of(in_use: InUse, **fields: Any) -> list[PredictionRow]:
    known: dict[str, Any] = dict.fromkeys(ForecastExam.__slots__, "") | {
        "exam_id": "G|1",
        "modality": "CT",
        "phase": Phase.UNREAD,
        "since_us": NOW_US,
        "scheduled_us": None,
        "reached": {"completed": NOW_US},
    }
    desk = desk_judging_by(*TARGETS)
    desk.take_exam(ForecastExam(**known | fields), NOW_US)
    return [row for _, row in desk.settle(in_use, NOW_US, everything=True) if row is not None]


def test_a_modality_that_is_new_to_the_model_is_forecast_by_the_medians_which_say_so(
    forecasters: Forecasters,
) -> None:
    of = {row.milestone: row for row in rows_of(InUse("m1", forecasters), modality="XA")}
    assert (of["final"].model, of["final"].reasons) == (BASELINE, ())
    assert of["final"].fallback_reason == "the model was never shown XA"
    known = {row.milestone: row for row in rows_of(InUse("m1", forecasters))}
    assert (known["final"].model, known["final"].fallback_reason) == ("m1", None)


def test_a_site_with_fifty_exams_has_medians_and_says_how_many_are_missing() -> None:
    found = trained(department(50), NOW_US, PLAN)
    (row,) = rows_of(InUse("m1", found))
    assert row.model == BASELINE
    assert row.fallback_reason is not None
    assert "examples before the calibration weeks, 500 are needed" in row.fallback_reason


@pytest.fixture
def store(forecasters: Forecasters) -> StoreInMemory:
    found = StoreInMemory()
    for version in ("v1", "v2"):
        found.add(version, forecasters, {"scores": []}, {})
        found.promote(Promotion(version, MORNING.isoformat(), "by hand"))
    return found


@pytest.fixture
def models(store: StoreInMemory, monkeypatch: pytest.MonkeyPatch) -> InstallationModels:
    class Installation:
        class settings:  # noqa: N801 - as the installation has it
            zone = "UTC"

        def now(self) -> Callable[[], datetime]:
            return lambda: datetime.fromtimestamp(NOW_US / 1e6, UTC)

    monkeypatch.setattr(in_use_module, "model_store", lambda _: store)
    monkeypatch.setattr(InstallationModels, "_lately", lambda _: department(2_000))
    return InstallationModels(Installation())  # type: ignore[arg-type]  # what it asks of one


def used(models: InstallationModels) -> InUse:
    found = models.in_use()
    assert found is not None
    return found


def test_a_model_that_is_used_is_calibrated_by_the_last_weeks_and_its_drift_is_kept(
    models: InstallationModels, store: StoreInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = used(models).forecasters["final"]
    drift = store.drift("v2")
    assert drift is not None
    assert (drift["verdict"], drift["at"]) == (STEADY, datetime.fromtimestamp(NOW_US / 1e6, UTC).isoformat())
    monkeypatch.setattr(InstallationModels, "_lately", lambda _: department(12_000, slower=2.0))
    found = used(models)
    now = found.forecasters["final"]
    assert (now.calibration.offsets[()] > before.calibration.offsets[()]).all()
    assert now.model is not None
    assert before.model is not None
    assert now.model.texts() == before.model.texts()
    assert found.drift is not None
    assert (found.drift.verdict, (store.drift("v2") or {})["verdict"]) == (DRIFTED, DRIFTED)


def test_without_any_history_nothing_forecasts_and_nothing_is_made_up(
    store: StoreInMemory, monkeypatch: pytest.MonkeyPatch, models: InstallationModels
) -> None:
    def no_history(*_: object) -> None:
        raise NoHistory("the analytics store has no events")

    monkeypatch.undo()
    monkeypatch.setattr(in_use_module, "analytics_client", lambda _: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(in_use_module, "recorded_span", no_history)
    assert store.promotions(), "a model there is, but nothing to calibrate it by"
    assert models.in_use() is None
    assert list(models.recent()) == []


def test_a_model_that_was_tampered_with_is_not_used_but_the_one_before_which_says_so(
    models: InstallationModels, store: StoreInMemory
) -> None:
    assert (used(models).version, used(models).note) == ("v2", "")
    store.kept["models/v2/model.json.z"] = store.kept["models/v2/model.json.z"][:-1] + b"x"
    found = used(models)
    assert (found.version, found.wanted) == ("v1", "v2")
    assert "model v2 cannot be used: its bytes are not those that were stored" in found.note


def test_where_no_version_can_be_used_the_medians_speak_and_say_why(
    models: InstallationModels, store: StoreInMemory
) -> None:
    other = packed({})
    store.kept["models/v1/model.json.z"] = other
    store.kept["models/v1/about.json"] = b'{"sha256": "%s"}' % digest_of(other).encode()
    store.kept["models/v2/about.json"] = b"\x00 no json"
    found = used(models)
    assert (found.version, found.wanted) == (BASELINE, "v2")
    assert "v2/about.json is damaged" in found.note
    assert "model v1 cannot be used: it is incomplete" in found.note
    assert all(row.fallback_reason == found.note for row in rows_of(found))
    del store.kept["models/v2/model.json.z"]
    store.kept["current.json"] = b'{"promotions": 3}'
    damaged = used(models)
    assert (damaged.version, damaged.wanted, models.version_in_use()) == (BASELINE,) * 3
    assert "radstream models promote" in damaged.note


def test_without_the_library_s_native_part_the_medians_speak_and_say_what_to_install(
    models: InstallationModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_library(_: str) -> None:
        raise OSError("libgomp.so.1: cannot open shared object file")

    monkeypatch.setattr(model_module, "import_module", no_library)
    found = used(models)
    assert found.version == BASELINE
    assert "apt-get install libgomp1" in found.note
    assert rows_of(found)


def test_a_store_that_is_away_at_the_start_is_asked_again_and_the_medians_speak_meanwhile(
    models: InstallationModels, store: StoreInMemory
) -> None:
    store.is_away = True
    first = used(models)
    assert (first.version, first.wanted) == (BASELINE, "")
    assert "the store of models gives no answer" in first.note
    with pytest.raises(Unanswered):
        models.version_in_use()
    store.is_away = False
    assert models.version_in_use() != first.wanted
    assert used(models).version == "v2"
    store.is_away = True
    with pytest.raises(Unanswered):
        models.in_use()  # what forecasts goes on


def test_of_a_department_without_history_health_and_metrics_are_told_why_nothing_is_forecast() -> None:
    told: list[Mapping[str, Any]] = []
    ForecastStatus(told.append).speaks(None)
    assert (told[0]["version"], told[0]["note"]) == (None, "there is no history to learn from")
    health = forecast_health(told[0])
    assert health is not None
    assert (health.version, health.wrong) == (None, ()), "that nothing was learned yet is no fault"


def asking(
    in_use: Callable[[], InUse | None], version_in_use: Callable[[], str], renew_every_s: float
) -> ForecastConfig:
    return ForecastConfig(
        kafka_bootstrap="",
        registry_url="",
        zone=UTC,
        now=lambda: MORNING,
        in_use=in_use,
        version_in_use=version_in_use,
        recent=list,
        ask_every_s=0.01,
        renew_every_s=renew_every_s,
    )


def test_a_promotion_or_a_rollback_is_followed_without_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing_models, "_SHARE", 1e12)  # it is not calibrated anew by itself
    wanted, forecasters = ["v1"], baselines(department(100), NOW_US, PLAN)
    models = ModelsInUse(asking(lambda: InUse(wanted[-1], forecasters, wanted[-1]), lambda: wanted[-1], 1e6))
    models.start()

    def speaks(version: str) -> bool:
        end_s = time.monotonic() + 60
        while time.monotonic() < end_s:
            if models.now is not None and models.now.version == version:
                return True
            time.sleep(0.01)
        return False

    try:
        assert speaks("v1")
        wanted.append("v2")
        assert speaks("v2")
        wanted.append("v1")
        assert speaks("v1")
    finally:
        models.close()


def test_whoever_asks_for_models_survives_what_it_is_not_prepared_for() -> None:
    asked: list[float] = []
    came = threading.Event()

    def in_use() -> InUse | None:
        asked.append(time.monotonic())
        if len(asked) == 1:
            raise RuntimeError("whatever")
        came.set()
        return InUse("v1", baselines(department(100), NOW_US, PLAN), "v2")

    models = ModelsInUse(asking(in_use, lambda: "v2", renew_every_s=0.02))
    models.start()
    try:
        assert came.wait(30)
    finally:
        models.close()
    assert models.now is None or models.now.version == "v1"
