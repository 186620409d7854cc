"""Scanners and readers as resources: exams wait for them, urgent ones first. Pure.

A discrete-event simulation which runs ahead of the exam that is asked for by as much as that exam's own
course needs: a STAT patient who is registered later may still be scanned first.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

from producers.simulator.department import DepartmentConfig
from producers.simulator.drafting import Draft

_BETWEEN_READS_S = 20


@dataclass(frozen=True, slots=True)
class Served:
    """A draft with what the queues gave it; a cancelled exam was never served (both None)."""

    draft: Draft
    scanner: int | None
    started_s: int | None
    reader: int | None
    dictated_s: int | None


class _Station:
    """Some equal units and one queue before them."""

    def __init__(self, units: int) -> None:
        self._free = list(range(1, units + 1))
        self._waiting: list[tuple[int, int, int, Draft]] = []

    def join(self, draft: Draft, now_s: int) -> None:
        heapq.heappush(self._waiting, (draft.urgency, now_s, draft.index, draft))

    def release(self, unit: int) -> None:
        heapq.heappush(self._free, unit)

    def next_served(self) -> tuple[Draft, int] | None:
        if not self._free or not self._waiting:
            return None
        return heapq.heappop(self._waiting)[3], heapq.heappop(self._free)


class Queues:
    """One department at work."""

    def __init__(self, config: DepartmentConfig, drafts: Iterator[Draft]) -> None:
        """`drafts` never ends, and comes in the order of registration."""
        self._drafts = drafts
        self._upcoming = next(drafts)
        self._scanners = {modality.code: _Station(modality.scanners) for modality in config.modalities}
        self._readers = _Station(config.readers)
        self._agenda: list[tuple[int, int, Callable[[int], None]]] = []
        self._order = count()
        self._scans: dict[int, tuple[int, int]] = {}
        self._done: dict[int, Served] = {}

    def served(self) -> Iterator[Served]:
        """Every exam, in the order of its number, for ever."""
        for index in count():
            while index not in self._done:
                self._advance()
            yield self._done.pop(index)

    def _advance(self) -> None:
        while not self._agenda or self._upcoming.registered_s <= self._agenda[0][0]:
            self._admit(self._upcoming)
            self._upcoming = next(self._drafts)
        now_s, _, happens = heapq.heappop(self._agenda)
        happens(now_s)

    def _admit(self, draft: Draft) -> None:
        if draft.cancelled_s is not None:
            self._done[draft.index] = Served(draft, None, None, None, None)
            return
        scanners = self._scanners[draft.modality.code]

        def ready(now_s: int) -> None:
            scanners.join(draft, now_s)
            self._scan(scanners, now_s)

        self._plan(draft.ready_s, ready)

    def _plan(self, at_s: int, happens: Callable[[int], None]) -> None:
        heapq.heappush(self._agenda, (at_s, next(self._order), happens))

    def _scan(self, scanners: _Station, now_s: int) -> None:
        while (served := scanners.next_served()) is not None:
            draft, unit = served
            self._scans[draft.index] = (unit, now_s)
            completed_s = now_s + draft.acquisition_s
            self._plan(completed_s + draft.turnover_s, self._scanner_freed(scanners, unit))
            self._plan(completed_s + draft.transfer_s, self._readable(draft))

    def _scanner_freed(self, scanners: _Station, unit: int) -> Callable[[int], None]:
        def happens(now_s: int) -> None:
            scanners.release(unit)
            self._scan(scanners, now_s)

        return happens

    def _readable(self, draft: Draft) -> Callable[[int], None]:
        def happens(now_s: int) -> None:
            self._readers.join(draft, now_s)
            self._read(now_s)

        return happens

    def _read(self, now_s: int) -> None:
        while (served := self._readers.next_served()) is not None:
            draft, reader = served
            scanner, started_s = self._scans.pop(draft.index)
            dictated_s = now_s + draft.reading_s
            self._done[draft.index] = Served(draft, scanner, started_s, reader, dictated_s)
            self._plan(dictated_s + _BETWEEN_READS_S, self._reader_freed(reader))

    def _reader_freed(self, reader: int) -> Callable[[int], None]:
        def happens(now_s: int) -> None:
            self._readers.release(reader)
            self._read(now_s)

        return happens
