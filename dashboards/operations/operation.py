"""What the API's document tells of one operation."""

from __future__ import annotations

from dataclasses import dataclass

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: path, what it is for, the parameters that it takes by name, and what it answers with.

    analytics: ClickHouse, or another part than the dashboard, has to be there for it.
    success: The status of an answer that is no refusal.
    passing: What it says is another thing with every second: no ETag.
    as_of: It can tell what was at an instant.
    body: Members of the JSON that it is sent; the first is required.
    """

    path: str
    summary: str
    parameters: tuple[str, ...] = ()
    media_type: str = JSON
    answer: tuple[str, ...] = ()
    analytics: bool = False
    method: str = "get"
    body: tuple[str, ...] = ()
    success: str = "200"
    passing: bool = False
    as_of: bool = False


# The parameters by which exams are chosen.
CHOSEN = ("site", "modality", "priority", "patient_class")
