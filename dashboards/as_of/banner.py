"""What a page says of the instant that it shows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode

from dashboards.as_of.instant import MEANINGS, AsOf, Sense
from dashboards.department import Clock, zone_name

_WHY = {
    Sense.RECORDED: "By what had been recorded by then: late news is not in it, as nobody knew it",
    Sense.OCCURRED: "By all that is known now of what had happened by then: late news is in it",
}


def banner(
    as_of: AsOf, path: str, asked: Mapping[str, str], clock: Clock, now_only: str | None
) -> dict[str, object]:
    """For the template `_past.html`. `asked`: the page's own parameters. now_only: why it has no past."""
    now, zone = clock.now(), clock.zone()
    local = as_of.at.astimezone(zone)
    at = f"{as_of.at:%Y-%m-%dT%H:%M:%SZ}"
    other = Sense.OCCURRED if as_of.sense is Sense.RECORDED else Sense.RECORDED
    rest = {name: value for name, value in asked.items() if name not in ("as_of", "sense")}
    return {
        "at": at,
        "sense": as_of.sense,
        "meaning": MEANINGS[as_of.sense],
        "words": f"{local:%a} {local.day} {local:%b %Y}, {local:%H:%M}",
        "offset_s": int((local.utcoffset() or timedelta()).total_seconds()),
        "zone": zone_name(zone),
        "day": local.date(),
        "today": now.astimezone(zone).date(),
        "now": f"{now.astimezone(zone):%Y-%m-%dT%H:%M:%S%z}",
        "address": urlencode({"as_of": at, "sense": as_of.sense}),
        "other_sense": other,
        "other_meaning": MEANINGS[other],
        "other_why": _WHY[other],
        "other_address": urlencode({**rest, "as_of": at, "sense": other}),
        "now_address": path + (f"?{urlencode(rest)}" if rest else ""),
        "now_only": now_only,
    }
