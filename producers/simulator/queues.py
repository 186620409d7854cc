"""Scanners and readers as resources: exams wait for them, urgent ones first. Pure.

A discrete-event simulation which runs ahead of the exam that is asked for by as much as that exam's own
course needs: a STAT patient who is registered later may still be scanned first.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import count

from producers.simulator.department import DepartmentConfig
from producers.simulator.drafting import Draft
from producers.simulator.hours import Hours, Shift
from producers.simulator.identities import PlanIdentity
from producers.simulator.reading_room import ReadingRoom
from producers.simulator.scanners import Scanners

_BETWEEN_READS_S = 20


@dataclass(frozen=True, slots=True)
class Served:
    """A draft with what the queues gave it; a cancelled exam was never served (both None)."""

    draft: Draft
    scanner: int | None
    started_s: int | None
    reader: int | None
    dictated_s: int | None


class Queues:
    """One department at work."""

    def __init__(
        self, config: DepartmentConfig, identity: PlanIdentity, hours: Hours, drafts: Iterator[Draft]
    ) -> None:
        """`drafts` never ends, and comes in the order of registration."""
        self._drafts = drafts
        self._upcoming = next(drafts)
        self._hours = hours
        self._scanners = {modality.code: Scanners(modality, identity.draws) for modality in config.modalities}
        self._room = ReadingRoom(config.readers, config.absent_share, identity)
        self._agenda: list[tuple[int, int, Callable[[int], None]]] = []
        self._order = count()
        self._scans: dict[int, tuple[int, int]] = {}
        self._done: dict[int, Served] = {}
        for scanners in self._scanners.values():
            for unit, breakdown_s in scanners.until_breakdown().items():
                self._plan(breakdown_s, partial(self._break_down, scanners, unit))
        self._open_day(hours.first_day(), 0)

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

    def _plan(self, at_s: int, happens: Callable[[int], None]) -> None:
        heapq.heappush(self._agenda, (at_s, next(self._order), happens))

    def _admit(self, draft: Draft) -> None:
        if draft.cancelled_s is not None:
            self._done[draft.index] = Served(draft, None, None, None, None)
        else:
            self._plan(draft.ready_s, partial(self._ready, draft))

    def _ready(self, draft: Draft, now_s: int) -> None:
        scanners = self._scanners[draft.modality.code]
        scanners.join(draft, now_s)
        self._scan(scanners, now_s)

    def _scan(self, scanners: Scanners, now_s: int) -> None:
        while (served := scanners.next_served()) is not None:
            draft, unit = served
            self._scans[draft.index] = (unit, now_s)
            completed_s = now_s + draft.acquisition_s
            self._plan(completed_s + draft.turnover_s, partial(self._free_scanner, scanners, unit))
            self._plan(completed_s + draft.transfer_s, partial(self._readable, draft))

    def _free_scanner(self, scanners: Scanners, unit: int, now_s: int) -> None:
        repair_s = scanners.release(unit)
        if repair_s is not None:
            self._plan(now_s + repair_s, partial(self._free_scanner, scanners, unit))
        self._scan(scanners, now_s)

    def _break_down(self, scanners: Scanners, unit: int, now_s: int) -> None:
        repair_s = scanners.break_down(unit)
        if repair_s is not None:
            self._plan(now_s + repair_s, partial(self._free_scanner, scanners, unit))
        again_s = now_s + (repair_s or 0) + scanners.next_breakdown_s(unit)
        self._plan(again_s, partial(self._break_down, scanners, unit))

    def _readable(self, draft: Draft, now_s: int) -> None:
        self._room.join(draft, now_s)
        self._read(now_s)

    def _read(self, now_s: int) -> None:
        while (served := self._room.next_served()) is not None:
            draft, reader = served
            scanner, started_s = self._scans.pop(draft.index)
            dictated_s = now_s + draft.reading_s
            self._done[draft.index] = Served(draft, scanner, started_s, reader, dictated_s)
            self._plan(dictated_s + _BETWEEN_READS_S, partial(self._free_reader, reader))

    def _free_reader(self, reader: int, now_s: int) -> None:
        self._room.release(reader)
        self._read(now_s)

    def _open_day(self, day: date, _now_s: int) -> None:
        """The shifts of `day`, and then of the next day."""
        for shift in self._hours.shifts(day):
            if shift.ends_s > 0:
                self._plan(max(0, shift.begins_s), partial(self._begin_shift, shift))
        tomorrow = day + timedelta(days=1)
        self._plan(self._hours.midnight_s(tomorrow), partial(self._open_day, tomorrow))

    def _begin_shift(self, shift: Shift, now_s: int) -> None:
        for reader in self._room.on_duty_in(shift):
            self._room.begin(reader)
            self._plan(shift.ends_s, partial(self._end_shift, reader))
        self._read(now_s)

    def _end_shift(self, reader: int, _now_s: int) -> None:
        self._room.end(reader)
