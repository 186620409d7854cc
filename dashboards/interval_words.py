"""How pages call an interval, and what it is."""

from __future__ import annotations

from dashboards.cards import Json
from schemas.intervals import BY_NAME


def interval_words(name: str) -> Json:
    """Name, label and meaning; an interval of a later version is called as it comes."""
    spec = BY_NAME.get(name)
    if spec is None:
        return {"interval": name, "label": name, "meaning": ""}
    return {"interval": name, "label": spec.label, "meaning": spec.meaning}
