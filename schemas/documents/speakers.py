"""Who says each event, read from the source.

A speaker owns some modules; what these offer, it says. A module that constructs an event and belongs to no
speaker is refused, so the list cannot fall behind the code.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from schemas.documents.errors import Undocumented
from schemas.documents.mentions import ROOT, constructed, modules, offered
from schemas.documents.workflow import step_of_event


@dataclass(frozen=True, slots=True)
class Speaker:
    """One who says events; `owns`: the path of a module, or of a folder of modules."""

    name: str
    owns: str


# The longest path that fits a module counts.
SPEAKERS = (
    Speaker("HL7 listener", "producers/hl7/"),
    Speaker("HL7 listener, where a site's profile has a code for it", "producers/hl7/profile_fields.py"),
    Speaker("DICOM listener", "producers/dicom/"),
    Speaker("`radstream history`", "producers/history/"),
    Speaker("reconciler", "processors/reconciler/"),
    Speaker("alerts", "processors/alerts/"),
    Speaker("HL7 out", "sinks/hl7/outcomes.py"),
    Speaker("DICOM out", "sinks/dicom/outcomes.py"),
    Speaker("dashboard", "dashboards/access/"),
    Speaker("commands that show or take out data", "runtime/accesses.py"),
    Speaker("`radstream erase`", "runtime/erasing/"),
    Speaker("`radstream hold`", "runtime/governance/holding.py"),
    Speaker("`radstream retention`", "runtime/retention/"),
    Speaker("`radstream repair`", "runtime/cli/repair.py"),
    Speaker("`radstream reconcile`, the worklist page", "runtime/reconciling.py"),
)
# The default profiles: what is in them needs no site to say so.
_PROFILES = ROOT / "producers/hl7/profiles"


@cache
def speakers_of_event() -> dict[str, tuple[str, ...]]:
    """By the event's name, in the order of SPEAKERS; empty where nobody says it. Raises Undocumented."""
    said: dict[str, set[str]] = {name: set() for name in step_of_event()}
    for module in modules():
        speaker = _speaker(module)
        if speaker is None:
            _refuse(module)
            continue
        for event in offered(module):
            said[event].add(speaker.name)
    for event in _in_default_profiles():
        said[event].add(SPEAKERS[0].name)
    return {event: _ordered(names) for event, names in said.items()}


def speakers_of(events: Iterable[str]) -> tuple[str, ...]:
    """Who says any of the events, in the order of SPEAKERS. Raises Undocumented."""
    return _ordered({name for event in events for name in speakers_of_event()[event]})


def _speaker(module: str) -> Speaker | None:
    fitting = [speaker for speaker in SPEAKERS if module.startswith(speaker.owns)]
    return max(fitting, key=lambda speaker: len(speaker.owns), default=None)


def _refuse(module: str) -> None:
    # A producer may take a class from a table; other rooms also name the events that they only listen to.
    events = sorted(offered(module) if module.startswith("producers/") else constructed(module))
    if events:
        raise Undocumented(
            f"{module} says {', '.join(events)}: enter who that is in SPEAKERS, schemas/documents/speakers.py"
        )


def _ordered(names: set[str]) -> tuple[str, ...]:
    # A profile may name what the listener's own tables have too: that needs no saying.
    first, by_profile = SPEAKERS[0].name, SPEAKERS[1].name
    kept = names - {by_profile} if first in names else names
    return tuple(speaker.name for speaker in SPEAKERS if speaker.name in kept)


def _in_default_profiles() -> Iterator[str]:
    for path in sorted(_PROFILES.glob("*.toml")):
        for profile in tomllib.loads(path.read_text("utf-8"))["profiles"].values():
            for codes in profile.get("steps", {}).values():
                yield from (step for step in codes.values() if step in step_of_event())
