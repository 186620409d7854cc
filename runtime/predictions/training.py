"""Training on an installation: from the events in ClickHouse to a version in the store of models."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version as version_of
from typing import Any
from zoneinfo import ZoneInfo

from processors.facts import to_us
from processors.predictions.contest import Contest, contested
from processors.predictions.exam import PREDICTED
from processors.predictions.examples import Examples, examples_of, sample_of
from processors.predictions.features import FEATURES
from processors.predictions.forecaster import Forecasters
from processors.predictions.history import changes_of_facts
from processors.predictions.judged import judged
from processors.predictions.model import GROWN, UnreadableModel
from processors.predictions.package import digest_of, packed
from processors.predictions.profile import profile_of
from processors.predictions.training import DEFAULT_PLAN, TrainingPlan
from runtime.analytics import analytics_client
from runtime.installation import Installation
from runtime.predictions.models import model_store
from runtime.predictions.recorded import Span, recorded_facts, recorded_span
from runtime.predictions.store import DamagedEntry, ModelStore, NoSuchModel, Promotion
from runtime.targets import read_targets, targets_file

Tell = Callable[[str, int, int], None]
_FOREST_COUNT = len(PREDICTED) * len(GROWN)


@dataclass(frozen=True, slots=True)
class TrainingWish:
    """since: what was recorded earlier is not learned from. held_days: kept back to score on.

    promote: bring the model into use where it is better.
    """

    since: datetime
    held_days: float = 14.0
    promote: bool = True
    plan: TrainingPlan = DEFAULT_PLAN


@dataclass(frozen=True, slots=True)
class Trained:
    """What became of it. is_promoted: whether the version is in use now."""

    version: str
    contest: Contest
    is_promoted: bool
    about: dict[str, Any]


def train(installation: Installation, wish: TrainingWish, tell: Tell) -> Trained:
    """Train, score, keep, and bring into use what is better than before.

    Raises NoHistory, ModelStoreError, TargetsUnusable, UnreadableModel where LightGBM is not there, and
    clickhouse_connect's errors. Interrupted, it leaves no version.
    """
    store = model_store(installation)
    examples, span = _examples(installation, wish, tell)
    done = iter(range(1, _FOREST_COUNT + 1))
    contest = contested(
        examples,
        to_us(span.last_at),
        _in_use(store),
        held_days=wish.held_days,
        plan=wish.plan,
        on_level=lambda *_: tell("growing forests", next(done), _FOREST_COUNT),
        on_scored=lambda scored, all_: tell("scoring on held-out days", scored, all_),
    )
    return _kept(installation, store, wish, contest, (examples, span))


def _examples(installation: Installation, wish: TrainingWish, tell: Tell) -> tuple[Examples, Span]:
    targets = read_targets(targets_file(installation))
    zone = ZoneInfo(installation.settings.zone)
    with closing(analytics_client(installation)) as client:
        span = recorded_span(client, wish.since)
        facts = recorded_facts(client, span, lambda read: tell("reading the log", read, span.events))
        return examples_of(changes_of_facts(facts), zone, targets, sample_of(span.events)), span


def _in_use(store: ModelStore) -> Forecasters | None:
    try:
        promotions = store.promotions()
        if not promotions:
            return None
        return store.forecasters(promotions[-1].version)
    except (UnreadableModel, NoSuchModel, DamagedEntry):
        return None  # of another version of radstream, or damaged: whatever is readable is better


def _kept(
    installation: Installation,
    store: ModelStore,
    wish: TrainingWish,
    contest: Contest,
    learned: tuple[Examples, Span],
) -> Trained:
    made_at, (examples, span) = datetime.now(UTC), learned
    digest = digest_of(packed(contest.forecasters))
    version = f"{made_at:%Y%m%dT%H%M%SZ}-{digest[:8]}"
    held_from = span.last_at - timedelta(days=wish.held_days + wish.plan.settling_days)
    about = {
        "made_at": made_at.isoformat(),
        "code_version": version_of("radstream"),
        "site": installation.settings.site,
        "data_from": span.first_at.isoformat(),
        "data_until": span.last_at.isoformat(),
        "held_from": held_from.isoformat(),
        "events": span.events,
        "exams": span.exams,
        "instants": len(examples),
        "features": list(FEATURES),
        "milestones": {name: one.why or "model" for name, one in contest.forecasters.items()},
        "scores": [score.to_record() for score in contest.scores],
        "scores_of_the_model_in_use": [score.to_record() for score in contest.scores_in_use],
        "verdict": contest.why,
        "profile": profile_of(examples.take(examples.at_us < to_us(held_from))),
    }
    record = judged(contest.held, ZoneInfo(installation.settings.zone))
    store.add(version, contest.forecasters, about, record)
    is_promoted = contest.is_won and wish.promote
    if is_promoted:
        store.promote(Promotion(version, made_at.isoformat(), contest.why))
    return Trained(version, contest, is_promoted, about)
