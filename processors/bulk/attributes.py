"""What was last said of each exam, as the fold's views have it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from processors.bulk.columns import ABSENT, ATTRIBUTES, Codes, FactColumns, Flags, Texts
from processors.bulk.steps import IS_OF_IMAGES


def latest_texts(facts: FactColumns) -> Mapping[str, Texts]:
    """By the row's field, each exam's text."""
    ordered = ~IS_OF_IMAGES[facts.steps]
    found = {name: _latest(facts, name) for name in ("site", *ATTRIBUTES)}
    # Who ordered the exam knows which it is, and of whom: what an image says counts only without it.
    for name in ("modality", "patient_key"):
        found[name] = _instead(_latest(facts, name, ordered), _latest(facts, name))
    return {**found, "reader": _reader(facts)}


def text_column(texts: Texts) -> pa.StringArray:
    """The texts themselves, empty where there is none."""
    absent = texts.codes == ABSENT
    if not len(texts.values):
        return pa.array([""] * len(texts.codes), pa.string())
    return texts.values.take(pa.array(texts.codes, mask=absent)).fill_null("")


def _latest(facts: FactColumns, name: str, among: Flags | None = None) -> Texts:
    texts = facts.texts[name]
    rows = texts.codes != ABSENT
    if among is not None:
        rows &= among
    return Texts(_last(facts, facts.exams[rows], texts.codes[rows]), texts.values)


def _last(facts: FactColumns, exams: Codes, said: Codes) -> Codes:
    """By exam, the last that was said of it."""
    codes = np.full(len(facts.exam_ids), ABSENT, np.int32)
    codes[exams] = said  # in their order: the last one stays
    return codes


def _instead(first: Texts, second: Texts) -> Texts:
    return Texts(np.where(first.codes == ABSENT, second.codes, first.codes), first.values)


def _reader(facts: FactColumns) -> Texts:
    """Of what happened at one instant, what was recorded last is the last."""
    texts = facts.texts["reader"]
    rows = np.flatnonzero(texts.codes != ABSENT)
    rows = rows[np.lexsort((facts.recorded_us[rows], facts.occurred_us[rows]))]
    return Texts(_last(facts, facts.exams[rows], texts.codes[rows]), texts.values)
