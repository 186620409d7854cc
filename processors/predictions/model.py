"""The model: gradient-boosted quantiles of the time that is left, one forest for each level of GROWN.

What lies between and beyond these three is where a logistic distribution has it: seven forests of a year lose
as much, and take twice as long (docs/adr/0028-forecasts.md). Each level is calibrated by itself afterwards.

A model is text (LightGBM's own format), never a pickle: reading one runs nothing.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from processors.predictions.features import CATEGORIES, FEATURES
from processors.predictions.forest_parameters import parameters_of
from processors.predictions.quantiles import LEVELS, in_order

if TYPE_CHECKING:
    import lightgbm

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.str_]
Vocabulary = Mapping[str, Sequence[str]]
"""The words that were learned of each category, by name; a word's number is its place."""

GROWN = (0.1, 0.5, 0.9)
"""The levels that have a forest."""
_MEDIAN = GROWN.index(0.5)
_LOGITS = np.log(np.array(LEVELS) / (1 - np.array(LEVELS)))
_STEPS = _LOGITS / _LOGITS[LEVELS.index(0.9)]
"""How far each of LEVELS is from the median, where 0.1 is at -1 and 0.9 at 1."""

_NAMES = list(FEATURES)
_MOST_WORDS = 200


class UnreadableModel(ValueError):
    """A stored model is not what it should be: damaged, or of other features."""


def vocabulary_of(words: Words) -> dict[str, tuple[str, ...]]:
    """The most frequent words of each category of `words` (n, categories), in the order of the alphabet."""
    found: dict[str, tuple[str, ...]] = {}
    for place, name in enumerate(CATEGORIES):
        known, counts = np.unique(words[:, place], return_counts=True)
        most = known[np.argsort(-counts, kind="stable")[:_MOST_WORDS]]
        found[name] = tuple(sorted(str(word) for word in most if word))
    return found


def matrix_of(words: Words, numbers: Floats, vocabulary: Vocabulary) -> Floats:
    """(n, features): words as numbers, NaN where a word is not known."""
    columns = np.full((len(words), len(CATEGORIES)), np.nan)
    for place, name in enumerate(CATEGORIES):
        number_of = {word: number for number, word in enumerate(vocabulary[name])}
        known, inverse = np.unique(words[:, place], return_inverse=True)
        numbers_of_known = np.array([number_of.get(str(word), np.nan) for word in known], dtype=np.float64)
        columns[:, place] = numbers_of_known[inverse.reshape(-1)]
    return np.hstack((columns, numbers))


@dataclass(frozen=True, slots=True)
class QuantileModel:
    """Forests of one milestone, one for each of GROWN, over log(1 + minutes)."""

    forests: tuple[lightgbm.Booster, ...]

    def predicted(self, matrix: Floats) -> Floats:
        """(n, levels): minutes left, not crossing, never negative."""
        low, median, high = np.sort(
            [forest.predict(matrix, num_threads=1) for forest in self.forests], axis=0
        )
        below, above = (median - low)[:, None], (high - median)[:, None]
        said = median[:, None] + _STEPS * np.where(_STEPS < 0, below, above)
        return in_order(np.expm1(np.maximum(said, 0.0)))

    def reasons(self, matrix: Floats, count: int = 3) -> list[tuple[str, ...]]:
        """The features that moved each median most (SHAP values, Lundberg 2020), the strongest first."""
        moved = np.asarray(self.forests[_MEDIAN].predict(matrix, pred_contrib=True, num_threads=1))[:, :-1]
        strongest = np.argsort(-np.abs(moved), axis=1)[:, :count]
        return [
            tuple(_NAMES[place] for place in row if moved[number, place])
            for number, row in enumerate(strongest)
        ]

    def texts(self) -> tuple[str, ...]:
        """Each forest as text."""
        return tuple(forest.model_to_string() for forest in self.forests)


def _library() -> ModuleType:
    """LightGBM. Half a second and 100 MB, which a process without any model does without.

    Raises UnreadableModel where its native part is not there.
    """
    try:
        return import_module("lightgbm")
    except OSError as error:
        raise UnreadableModel(
            f"LightGBM cannot be loaded: {error}. It needs GNU OpenMP: `apt-get install libgomp1`"
        ) from error


def fitted(
    matrix: Floats,
    minutes: Floats,
    rounds: int = 100,
    threads: int = 0,
    on_level: Callable[[float], None] = lambda _: None,
) -> QuantileModel:
    """A model of `minutes` (n, none NaN) by `matrix` (n, features), the same whatever `threads` is.

    So many forests grow at a time, 0 for one on each core: threads that share a forest wait for each other
    at every node, and for very long where something else has their core.
    """
    library = _library()
    stop = threading.Event()
    data = library.Dataset(
        matrix,
        np.log1p(minutes),
        feature_name=_NAMES,
        categorical_feature=list(CATEGORIES),
        params=parameters_of(0.5),
        free_raw_data=False,
    ).construct()

    def forest(level: float) -> lightgbm.Booster:
        grown: lightgbm.Booster = library.train(
            parameters_of(level), data, num_boost_round=rounds, callbacks=[_unless(stop)]
        )
        return grown

    forests = []
    with ThreadPoolExecutor(threads or os.cpu_count(), "forests") as pool:
        growing = [pool.submit(forest, level) for level in GROWN]
        try:
            for level, one in zip(GROWN, growing, strict=True):
                forests.append(one.result())
                on_level(level)
        except BaseException:
            stop.set()  # nobody waits for the others
            raise
    return QuantileModel(tuple(forests))


class _Stopped(Exception):
    """Nobody wants the forest any more."""


def _unless(stop: threading.Event) -> Callable[[object], None]:
    def look(_: object) -> None:
        if stop.is_set():
            raise _Stopped

    return look


def model_of_texts(texts: Sequence[str]) -> QuantileModel:
    """The model that was written as `texts`. Raises UnreadableModel."""
    library = _library()
    if len(texts) != len(GROWN):
        raise UnreadableModel(f"a model has {len(GROWN)} forests, not {len(texts)}")
    try:
        forests = tuple(library.Booster(model_str=text) for text in texts)
    except library.basic.LightGBMError as error:
        raise UnreadableModel(str(error)) from error
    for forest in forests:
        if forest.feature_name() != _NAMES:
            raise UnreadableModel("it was made from other features than this version has")
    return QuantileModel(forests)
