"""Stored models: what is not ours, is damaged or claims too much is refused in words, and runs nothing."""

from __future__ import annotations

import json
import os
import pickle
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from processors.predictions import package
from processors.predictions.exam import PREDICTED
from processors.predictions.forecaster import Forecasters
from processors.predictions.model import UnreadableModel, model_of_texts
from processors.predictions.package import digest_of, packed, unpacked
from processors.predictions.training import DAY_US, trained
from tests.forecast_examples import PLAN, department

_RAN = "RADSTREAM_TEST_RAN"


@pytest.fixture(scope="module")
def forecasters() -> Forecasters:
    return trained(department(12_000), 60 * DAY_US, PLAN)


def changed(forecasters: Forecasters, change: Callable[[dict[str, Any]], object]) -> bytes:
    """The package as someone else would have made it, with a checksum that fits."""
    said = json.loads(zlib.decompress(packed(forecasters)))
    change(said)
    return zlib.compress(json.dumps(said).encode())


def refusal(content: bytes) -> str:
    with pytest.raises(UnreadableModel) as caught:
        unpacked(content, digest_of(content))
    return str(caught.value)


def test_what_was_not_changed_is_read(forecasters: Forecasters) -> None:
    content = changed(forecasters, lambda _: None)
    assert set(unpacked(content, digest_of(content))) == set(PREDICTED)


def test_a_model_of_another_radstream_is_refused_as_such(forecasters: Forecasters) -> None:
    of_another = "another version of radstream made it"
    assert refusal(changed(forecasters, lambda said: said.update(format=1))) == of_another
    assert refusal(changed(forecasters, lambda said: said["features"].reverse())) == of_another


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("table", ["baseline", "calibration"])
def test_a_table_that_is_not_of_numbers_is_refused(
    forecasters: Forecasters, table: str, value: float
) -> None:
    def break_it(said: dict[str, Any]) -> None:
        said["milestones"]["final"][table][0][1][3] = value

    assert refusal(changed(forecasters, break_it)) == "a table of it is not of numbers"


def test_a_table_with_too_few_levels_is_refused(forecasters: Forecasters) -> None:
    content = changed(forecasters, lambda said: said["milestones"]["final"]["baseline"][0][1].pop())
    assert refusal(content) == "a table of it is not of numbers"


def test_a_package_that_is_no_object_is_refused() -> None:
    assert "it is no model" in refusal(zlib.compress(b"[1, 2]"))
    assert "it is no model" in refusal(zlib.compress(b"3"))


def test_what_claims_to_be_larger_than_any_model_is_not_unpacked(
    forecasters: Forecasters, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = packed(forecasters)
    assert unpacked(content, digest_of(content))
    monkeypatch.setattr(package, "_MOST_BYTES", 10_000)
    assert "it is no model" in refusal(content)


def test_forests_of_other_features_are_refused(forecasters: Forecasters) -> None:
    model = forecasters["final"].model
    assert model is not None
    others = [text.replace("unread_ahead", "unread_behind") for text in model.texts()]
    with pytest.raises(UnreadableModel, match="other features"):
        model_of_texts(others)


class Runs:
    """Whoever loads it as a pickle runs what it says."""

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return eval, (f"__import__('os').environ.update({_RAN}='yes')",)


def test_a_pickle_is_no_model_and_runs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_RAN, "no")
    content = pickle.dumps(Runs())
    for disguised in (content, zlib.compress(content)):
        assert "it is no model" in refusal(disguised)
    assert os.environ[_RAN] == "no"
    pickle.loads(content)  # noqa: S301 - it would have
    assert os.environ[_RAN] == "yes"


def test_the_same_forecasters_are_the_same_bytes(forecasters: Forecasters) -> None:
    again = trained(department(12_000), 60 * DAY_US, PLAN)
    assert packed(again) == packed(forecasters)
    some = department(10, seed=9)
    assert np.array_equal(again["final"].raw(some), forecasters["final"].raw(some))
