"""What stands in line and when it clears, as answers have it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

import numpy as np

from dashboards.backlog.clearing import Clearing, clearing, fan
from dashboards.backlog.held_out import BANDS, Closer, chosen, closer_of
from dashboards.backlog.line import Line, Pace, lines_of, pace_of, usual_servers
from dashboards.backlog.naive import naive_waiting
from dashboards.backlog.paths import Paths, few_now, paths_of
from dashboards.backlog.words import in_words, taken_from
from dashboards.cards import Json
from dashboards.volume.counts import ALL, QUEUES
from dashboards.volume.forecast import HOURS_TO_COME, Volume
from dashboards.volume.hours import Floats
from dashboards.volume.told import local
from dashboards.volume.volumes import Known

LABELS = {
    "scanner": "waiting for a scanner",
    "reading": "waiting for a reader",
    "signature": "waiting for a signature",
}
ASSUMPTIONS = (
    "Arrivals are those of the volume forecast.",
    "Who serves: as in the same hours of the last 8 weeks; for the next hours, as in the last 3.",
    "Each works as fast as whenever exams waited all the hour; nobody hurries, and nobody is sent home.",
    "One reader more reads everything, one scanner more is as fast as the others: at all hours from now on.",
    "Signing takes as long as it took in these hours of the day: it waits for a person, not for a free one.",
    "A queue has cleared when no more wait than there are to serve it; of signatures, no more than usual.",
)
_HISTORY_H = 24


@dataclass(frozen=True, slots=True)
class Told:
    """One queue, its pace, and its paths at the present staffing and with the change, if there is one.

    naive: (levels, hour), by the same hours of the last weeks; is_naive: in which of BANDS that is told.
    """

    line: Line
    pace: Pace
    present: Paths
    changed: Paths | None
    naive: Floats | None
    is_naive: Sequence[bool]

    @property
    def fan(self) -> Floats:
        """(levels, hour): how many wait as each ends, at the present staffing."""
        return chosen(fan(self.present), self.naive, self.is_naive)

    @property
    def changed_fan(self) -> Floats | None:
        """The same with the change: by as much other as its paths are."""
        if self.changed is None:
            return None
        other = self.fan + fan(self.changed) - fan(self.present)
        return np.sort(np.maximum(np.rint(other), 0.0), axis=0)

    def clears(self, paths: Paths) -> Clearing:
        """When it clears on these paths."""
        return clearing(self.line.now, few_now(self.line), paths)


def told_of(known: Known, volume: Volume, more: Mapping[str, int], closer: Closer) -> list[Told]:
    """Every queue that somebody was ever seen to serve; `more`: servers, by modality or queue."""
    counts = known.counts
    begun_h = (known.at - counts.hours.at(counts.now)) / timedelta(hours=1)
    found = []
    for line in lines_of(counts):
        pace = pace_of(line)
        if pace is None:
            continue
        joining = volume.hourly.expected[line.step, line.place]
        change = more.get(line.modality if line.queue == "scanner" else line.queue, 0)
        present = paths_of(line, pace, joining, begun_h)
        changed = paths_of(line, pace, joining, begun_h, change) if change else None
        naive = naive_waiting(line, HOURS_TO_COME)
        found.append(Told(line, pace, present, changed, naive, closer_of(closer, line)))
    return found


def queue_of(one: Told, known: Known) -> Json:
    """What a queue comes to, in figures and in words."""
    line, pace, zone = one.line, one.pace, known.counts.hours.zone
    sides = {"present": (one.present, one.fan)}
    if one.changed is not None and (changed_fan := one.changed_fan) is not None:
        sides["changed"] = (one.changed, changed_fan)
    return {
        "queue": line.queue,
        "modality": line.modality,
        "label": LABELS[line.queue],
        "waiting": line.now,
        "by_modality": _by_modality(line, known),
        "servers_now": round(line.present, 1),
        "servers_usual": float(usual_servers(line)[line.of_week[len(line.left)]]),
        "per_server_h": round(pace.per_server, 1),
        "is_measured": pace.is_measured,
        "taken_from": taken_from(one.is_naive),
        **{name: _side(one, *side, known.at, zone) for name, side in sides.items()},
    }


def rows_of(known: Known, found: list[Told]) -> Iterator[Json]:
    """One row for each queue and hour to come: how many wait as it ends."""
    zone = known.counts.hours.zone
    for one in found:
        present, changed = one.fan, one.changed_fan
        for hour in range(HOURS_TO_COME):
            at = known.counts.hours.at(known.counts.now + hour + 1)
            yield {
                "queue": one.line.queue,
                "modality": one.line.modality,
                "at": at,
                "local": local(at, zone),
                "is_naive": any(
                    is_naive and band.start <= hour < band.stop
                    for band, is_naive in zip(BANDS, one.is_naive, strict=True)
                ),
                **{f"p{level}": int(present[n, hour]) for n, level in enumerate((10, 50, 90))},
                **{
                    f"changed_p{level}": None if changed is None else int(changed[n, hour])
                    for n, level in enumerate((10, 50, 90))
                },
            }


def history_of(known: Known, found: list[Told]) -> Json:
    """The last day: when each hour began, and how many waited then, queue by queue as they are told."""
    hours, now = known.counts.hours, known.counts.now
    places = range(max(0, now - _HISTORY_H), now + 1)
    return {
        "local": [local(hours.at(place), hours.zone) for place in places],
        "waiting": [[int(one.line.waiting[place]) for place in places] for one in found],
    }


def _by_modality(line: Line, known: Known) -> Json:
    counts = known.counts
    if line.queue == "scanner":
        return {line.modality: line.now}
    waiting = counts.waiting_now[QUEUES.index(line.queue)]
    return {name: int(waiting[place]) for place, name in enumerate(counts.modalities) if name != ALL}


def _side(one: Told, paths: Paths, fanned: Floats, at: datetime, zone: tzinfo) -> Json:
    clears = one.clears(paths)
    times = [None if hours is None else at + timedelta(hours=hours) for hours in clears.hours]
    _, median, high = fanned
    most = int(median.argmax())
    at_most = int(high.max())
    peak_at = at + timedelta(hours=float(paths.ends_h[most]))
    return {
        "clears_p10_at": times[0],
        "clears_p50_at": times[1],
        "clears_p90_at": times[2],
        "chance_to_clear": round(clears.chance, 3),
        "is_clear": clears.is_clear,
        "most_p50": int(median[most]),
        "most_at": peak_at,
        "most_p90": at_most,
        "says": in_words(one.line, clears, times, (int(median[most]), peak_at, at_most), at.astimezone(zone)),
    }


def change_of(readers: int, scanners: Mapping[str, int]) -> dict[str, int]:
    """Servers more or fewer, as `told_of` takes them."""
    return {**scanners, **({"reading": readers} if readers else {})}


def unknown_modalities(known: Known, scanners: Mapping[str, int]) -> list[str]:
    """Those of which no exam is known."""
    return sorted(set(scanners) - set(known.counts.modalities))
