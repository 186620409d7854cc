"""Facts side by side: what turnaround asks for of many events, a column for each thing that is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Numbers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Ids = npt.NDArray[np.uint64]

# Attributes that a row has as they were last said.
ATTRIBUTES = (
    "accession_number",
    "modality",
    "procedure_code",
    "procedure_name",
    "priority",
    "patient_class",
    "location",
    "station_ae_title",
)
TEXTS = ("site", "patient_key", "study_instance_uid", "reader", *ATTRIBUTES)
"""The texts of a fact. `reader`: who opened, read or reported the exam, where the step says so."""

ABSENT = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class FactChunk:
    """Facts of one step. Times are microseconds since the epoch, UTC.

    step: its number in `steps.STEPS`. rows: what the caller calls each of them by.
    exam_ids: dictionary-encoded strings, as all of `texts` (of TEXTS; a text that none says may be left out).
    ids: the first eight bytes of each event_id, as a number: so their order is that of the ids.
    instance_counts: None where the step counts no images. corrects: whether the event takes another back.
    """

    step: int
    rows: Numbers
    exam_ids: pa.DictionaryArray
    occurred_us: Numbers
    recorded_us: Numbers
    ids: Ids
    corrects: Flags
    texts: Mapping[str, pa.DictionaryArray]
    instance_counts: Numbers | None = None

    def __len__(self) -> int:
        """How many they are."""
        return len(self.occurred_us)


@dataclass(frozen=True, slots=True)
class Texts:
    """A column of texts: each one's place in `values`, ABSENT where it is not said."""

    codes: Codes
    values: pa.StringArray

    def code_of(self, value: str) -> int:
        """The place of `value`; one that no text has, where it is not there."""
        place: int = self.values.index(value).as_py()
        return place if place >= 0 else len(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactColumns:
    """Facts in the order in which the last to say something is right: by occurred_at, then by event_id.

    exams: the place of each fact's exam in `exam_ids`. The others are as in
    FactChunk; a count is 0 where none is said.
    """

    rows: Numbers
    exam_ids: pa.StringArray
    exams: Codes
    steps: npt.NDArray[np.int16]
    occurred_us: Numbers
    recorded_us: Numbers
    ids: Ids
    corrects: Flags
    instance_counts: Numbers
    texts: Mapping[str, Texts]


def side_by_side(chunks: Sequence[FactChunk]) -> FactColumns:
    """All facts of `chunks`, of which there is at least one."""
    occurred_us = np.concatenate([chunk.occurred_us for chunk in chunks])
    ids = np.concatenate([chunk.ids for chunk in chunks])
    order = np.lexsort((ids, occurred_us))
    exams = _texts([chunk.exam_ids for chunk in chunks], [len(chunk) for chunk in chunks], order)
    return FactColumns(
        rows=np.concatenate([chunk.rows for chunk in chunks])[order],
        exam_ids=exams.values,
        exams=exams.codes,
        steps=np.concatenate([np.full(len(chunk), chunk.step, np.int16) for chunk in chunks])[order],
        occurred_us=occurred_us[order],
        recorded_us=np.concatenate([chunk.recorded_us for chunk in chunks])[order],
        ids=ids[order],
        corrects=np.concatenate([chunk.corrects for chunk in chunks])[order],
        instance_counts=np.concatenate([_counts(chunk) for chunk in chunks])[order],
        texts={
            name: _texts([chunk.texts.get(name) for chunk in chunks], [len(chunk) for chunk in chunks], order)
            for name in TEXTS
        },
    )


def _counts(chunk: FactChunk) -> Numbers:
    return np.zeros(len(chunk), np.int64) if chunk.instance_counts is None else chunk.instance_counts


def _texts(parts: Sequence[pa.DictionaryArray | None], counts: Sequence[int], order: Numbers) -> Texts:
    said = [part for part in parts if part is not None]
    kind = pa.dictionary(pa.int32(), pa.string())
    unified = iter(pa.chunked_array(said, kind).unify_dictionaries().chunks)
    values: pa.StringArray = pa.array([], pa.string())
    codes: list[Codes] = []
    for part, count in zip(parts, counts, strict=True):
        if part is None:
            codes.append(np.full(count, ABSENT, np.int32))
            continue
        chunk = next(unified)
        values = chunk.dictionary
        codes.append(chunk.indices.fill_null(ABSENT).to_numpy(zero_copy_only=False))
    return Texts(np.concatenate(codes)[order], values)
