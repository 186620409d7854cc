"""Exams by the hours in which they were at each step, and what is counted of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboards.volume.counts import LEADS, QUEUES
from dashboards.volume.hours import Flags, Floats, Ints
from dashboards.volume.sql import NEVER, PATIENCE_H

Ids = npt.NDArray[np.uint64]
_STEPS = ("ordered", "arrived", "started", "completed", "final")


@dataclass(frozen=True, slots=True)
class Exams:
    """of: Each one's place among the modalities, of which there are `modalities`; the first is all of them.

    places: By milestone, the hour in which it was; NEVER where it is not known, negative before the first.
    scanner, reader: Who is the same; 0 where that is not known. now: The first hour to come.
    """

    of: Ints
    places: Mapping[str, Ints]
    scanner: Ids
    reader: Ids
    modalities: int
    now: int

    def steps(self) -> Floats:
        """(step, modality, hour), as Counts has it."""
        return np.stack([self._counted(self.places[name], self.now) for name in _STEPS])

    def queues(self) -> tuple[Floats, Floats, Floats]:
        """Waiting, left and waiting_now, as Counts has them."""
        waiting, left, waiting_now = [], [], []
        for queue in QUEUES:
            since, until, patience = *self._line(queue), PATIENCE_H[queue]
            is_open = (since < NEVER) & (until >= NEVER) & (since + patience >= self.now)
            waiting_now.append(self._counted(np.where(is_open, 0, -1), 1)[:, 0])
            until = np.minimum(until, since + patience)
            waits = (since < NEVER) & (until >= since)
            # At the first hour that begins with it.
            joins, leaves = (
                self._counted(np.where(waits, np.maximum(one + 1, 0), -1), self.now + 1)
                for one in (since, until)
            )
            waiting.append((joins - leaves).cumsum(axis=-1))
            left.append(leaves[:, 1:])
        return np.stack(waiting), np.stack(left), np.stack(waiting_now)

    def servers(self) -> Floats:
        """(queue, modality, hour), as Counts has it."""
        at, found = self.places, np.zeros((len(QUEUES), self.modalities, self.now))
        for modality in range(1, self.modalities):
            found[0, modality] = self._who(at["started"], self.scanner, self.of == modality)
        found[0, 0] = found[0, 1:].sum(axis=0)
        everybody = np.ones(len(self.of), dtype=np.bool_)
        drafted = np.where(at["dictated"] < NEVER, at["dictated"], at["preliminary"])
        read = np.where(drafted < NEVER, drafted, at["final"])
        found[1, 0], found[2, 0] = (self._who(one, self.reader, everybody) for one in (read, at["final"]))
        return found

    def expected(self, hours_to_come: int) -> tuple[Floats, Floats]:
        """Known and appointed, as Counts has them."""
        at, place = self.places, self.places["scheduled"]
        ahead = place - at["ordered"]
        seen = np.minimum.reduce([at[name] for name in ("arrived", "started", "completed", "cancelled")])
        is_said = (ahead > 0) & (place >= 0) & (place < self.now + hours_to_come)
        # So many hours before the hour that they were expected in.
        known = [
            self._counted(
                np.where(is_said & (place - seen <= lead) & (ahead > lead), place - lead, -1), self.now + 1
            )
            for lead in range(LEADS)
        ]
        to_come = is_said & (place >= self.now) & (seen > place)
        return np.stack(known), self._counted(np.where(to_come, place - self.now, -1), hours_to_come)

    def _line(self, queue: str) -> tuple[Ints, Ints]:
        at = self.places
        drafted, ended = (
            np.minimum(at[one], at[other])
            for one, other in (("dictated", "preliminary"), ("final", "cancelled"))
        )
        if queue == "scanner":
            begun = np.minimum(at["started"], at["completed"])
            return at["arrived"], np.minimum(begun, at["cancelled"])
        return (at["completed"], np.minimum(drafted, ended)) if queue == "reading" else (drafted, ended)

    def _counted(self, places: Ints, length: int) -> Floats:
        """(modality, place), the first modality has all."""
        there = (places >= 0) & (places < length)
        found = np.bincount(self.of[there] * length + places[there], minlength=self.modalities * length)
        counted = found.reshape(self.modalities, length).astype(np.float64)
        counted[0] = counted[1:].sum(axis=0)
        return counted

    def _who(self, places: Ints, who: Ids, chosen: Flags) -> Floats:
        """(hour): by how many different ones."""
        there = chosen & (places >= 0) & (places < self.now) & (who != 0)
        names = np.unique(who[there], return_inverse=True)
        pairs = np.unique(places[there] * max(1, len(names[0])) + names[1])
        return np.bincount(pairs // max(1, len(names[0])), minlength=self.now).astype(np.float64)
