"""Why a Modality Performed Procedure Step is refused, with its DIMSE status (PS3.4 annex F, PS3.7 annex C).

    StepRefused
    ├── InvalidValue        0x0106  a value that the attribute cannot have
    ├── CannotProcess       0x0110  the attribute list is unreadable
    ├── NoLongerUpdated     0x0110  completed or discontinued: PS3.4 table F.7.2-2, Error ID 0xA710
    ├── DuplicateStep       0x0111  there is a step with this SOP Instance UID
    ├── UnknownStep         0x0112  there is none
    ├── InvalidInstance     0x0117  the SOP Instance UID is missing or none
    ├── MissingAttribute    0x0120
    └── MissingValue        0x0121

No text carries a value, so none carries PHI.
"""

from __future__ import annotations

from typing import ClassVar

RESOURCE_LIMITATION = 0x0213


class StepRefused(Exception):
    """Root: it would be refused again if it were sent again."""

    status: ClassVar[int] = 0x0110
    error_id: ClassVar[int | None] = None


class InvalidValue(StepRefused):
    """A value that the attribute cannot have."""

    status = 0x0106


class CannotProcess(StepRefused):
    """The attribute list is unreadable."""


class NoLongerUpdated(StepRefused):
    """The step has reached a final state."""

    error_id = 0xA710

    def __init__(self) -> None:
        """With the standard's text."""
        super().__init__("Performed Procedure Step Object may no longer be updated")


class DuplicateStep(StepRefused):
    """There is a step with this SOP Instance UID."""

    status = 0x0111


class UnknownStep(StepRefused):
    """There is no step with this SOP Instance UID."""

    status = 0x0112


class InvalidInstance(StepRefused):
    """The SOP Instance UID is missing or none."""

    status = 0x0117


class MissingAttribute(StepRefused):
    """An attribute that the standard requires is not there."""

    status = 0x0120


class MissingValue(StepRefused):
    """An attribute that needs a value has none."""

    status = 0x0121
