"""Why a row is not loaded. No message repeats what stands in the row: it may name a patient.

RefusedRow
├── MissingAccession    no accession number
├── NoMilestone         not one time in a wide row, or no time in a long one
├── UnknownMilestone    the mapping has no such milestone
├── InvalidTime         not a time, or one before 1970 or after 2199
├── TimeWithoutZone     neither the time nor the mapping says where the clock stands
└── WrongColumns        more or fewer columns than the head
"""

from __future__ import annotations


class RefusedRow(Exception):
    """A row that is not loaded. `column`: where in the file the reason stands."""

    advice = "see the mapping"

    def __init__(self, column: str) -> None:
        super().__init__(f"{column}: {self.advice}")
        self.column = column


class MissingAccession(RefusedRow):
    """No accession number."""

    advice = "an exam is known by its accession number, and there is none"


class NoMilestone(RefusedRow):
    """Nothing that happened."""

    advice = "no time, so nothing happened"


class UnknownMilestone(RefusedRow):
    """The mapping does not know it."""

    advice = "what stands here is not among the mapping's milestones"


class InvalidTime(RefusedRow):
    """Not a time."""

    advice = "not a time from 1970 to 2199; time_format says how the file writes them"


class TimeWithoutZone(RefusedRow):
    """Nobody says where the clock stands."""

    advice = "a time without offset: name the clock's zone with --zone"


class WrongColumns(RefusedRow):
    """The row is not as long as the head."""

    advice = "another number of columns than the head"
