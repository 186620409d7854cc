"""The topics as a table: what each holds, its key, and how long it is kept."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.documents.channels import CHANNELS
from schemas.documents.listeners import LISTENERS


def topics_table() -> Iterable[str]:
    """The lines of the section, as Markdown."""
    yield from ("## Topics", "", "| topic | key | holds | read by |", "|---|---|---|---|")
    for channel in CHANNELS:
        readers = "; ".join(listener.name for listener in LISTENERS if channel.topic in listener.topics)
        yield f"| `{channel.topic}` | `{channel.key}` | {channel.title}. {channel.description} | {readers} |"
