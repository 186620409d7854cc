"""How `radstream hl7 explain` finds its profile, and shows an explanation on a terminal."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich.markup import escape
from rich.table import Table

from producers.hl7.context import MappingConfig
from producers.hl7.profile import Profiles
from producers.hl7.profile_file import InvalidProfile, load_profiles
from runtime.cli.output import console, fail
from runtime.installation import Installation
from runtime.settings import Settings

if TYPE_CHECKING:
    from producers.hl7.explanation import ExplainedEvent, ExplainedSegment, Explanation
    from producers.hl7.trace import Notice


def mapping_config(settings: Settings, profile: str | None, *, as_json: bool) -> MappingConfig:
    """The mapping of this installation, with `profile` (a name, or a TOML file) where one is given."""
    try:
        profiles = _profiles(settings, profile)
    except InvalidProfile as error:
        fail(str(error), as_json=as_json)
    return MappingConfig(settings.site, site_secret(settings), ZoneInfo(settings.zone), profiles)


def _profiles(settings: Settings, asked: str | None) -> Profiles:
    if asked is not None and Path(asked).suffix == ".toml":
        return load_profiles(Path(asked))
    known = load_profiles(settings.hl7_profiles)
    if asked is None:
        return known
    if asked not in known.by_name:
        names = ", ".join(sorted(known.by_name))
        raise InvalidProfile(f"no profile {asked!r}; there are: {names}; or name a .toml file of profiles")
    return known.only(asked)


def site_secret(settings: Settings) -> bytes:
    """The pseudonyms are the real ones where the installation has a secret; none is made here."""
    if settings.site_secret is not None or (Installation(settings).data / "secrets" / "site_secret").exists():
        return Installation(settings).secret_key("site_secret")
    return os.urandom(32)


def show(explanation: Explanation) -> None:
    """On the terminal: fields, events, warnings, and what the answer would be."""
    head = (
        f"{explanation.message_type} {explanation.version}  control id {explanation.control_id}  "
        f"from {explanation.sender}  profile {explanation.profile}  {explanation.character_set}"
    )
    console.rule(escape(head), align="left")
    console.print(_fields(explanation.segments))
    for event in explanation.events:
        _show_event(event)
    for label, style, notices in (
        ("warning", "yellow", explanation.warnings),
        ("no event", "cyan", explanation.silences),
    ):
        for notice in notices:
            _show_notice(label, style, notice)
    _show_answer(explanation)


def _fields(segments: Sequence[ExplainedSegment]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("place", "field", "value", "used as"):
        table.add_column(column, overflow="fold")
    for segment in segments:
        table.add_row(f"[bold]{segment.segment}[/]", f"[bold]{escape(segment.name)}[/]", "", "")
        for field in segment.fields:
            used = ", ".join(field.used_as)
            table.add_row(field.place, escape(field.name), escape(field.value), f"[green]{escape(used)}[/]")
    return table


def _show_event(event: ExplainedEvent) -> None:
    console.print(f"\n[bold green]{event.event}[/]", end=" ")
    console.print(f"{event.exam_id}  at {event.occurred_at.isoformat()}", markup=False, highlight=False)
    table = Table(box=None, show_header=False, padding=(0, 2))
    for name, value in event.fields.items():
        table.add_row(name, escape(str(value)), "")
    for name, value in event.sealed.items():
        table.add_row(name, escape(value), "[dim]sealed[/]")
    for name, places in event.empty.items():
        table.add_row(f"[dim]{name}[/]", f"[dim]empty: {escape(', '.join(places) or 'no place')}[/]", "")
    console.print(table)


def _show_notice(label: str, style: str, notice: Notice) -> None:
    console.print(f"[{style}]{label}[/]", end=" ")
    console.print(f"{notice.location} {notice.code}: {notice.detail}", markup=False, highlight=False)


def _show_answer(explanation: Explanation) -> None:
    rejected = explanation.rejected
    if rejected is None:
        console.print(f"[green]{explanation.answer}[/] {len(explanation.events)} events\n", highlight=False)
        return
    console.print(f"[bold red]{explanation.answer}[/]", end=" ")
    text = f"{rejected['location']} {rejected['reason']} ({rejected['error']}): {rejected['detail']}\n"
    console.print(text, markup=False, highlight=False)
