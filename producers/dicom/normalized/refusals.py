"""Why an N-CREATE, N-SET or N-ACTION is refused, with its DIMSE status (PS3.7 annex C).

    RequestRefused
    ├── InvalidValue         0x0106  a value that the attribute cannot have
    ├── CannotProcess        0x0110  the attribute list is unreadable
    ├── NoLongerUpdated      0x0110  completed or discontinued: PS3.4 table F.7.2-2, Error ID 0xA710
    ├── DuplicateInstance    0x0111  there is one with this SOP Instance UID
    ├── UnknownInstance      0x0112  there is none
    ├── InvalidArgument      0x0115  the action information lacks something, or its value is none
    ├── InvalidInstance      0x0117  the SOP Instance UID is missing or none
    ├── MissingAttribute     0x0120
    ├── MissingValue         0x0121
    ├── NoSuchAction         0x0123
    └── DuplicateInvocation  0x0210  the transaction is known, with another content

No text carries a value, so none carries PHI.
"""

from __future__ import annotations

from typing import ClassVar

RESOURCE_LIMITATION = 0x0213


class RequestRefused(Exception):
    """Root: it would be refused again if it were sent again."""

    status: ClassVar[int] = 0x0110
    error_id: ClassVar[int | None] = None


class InvalidValue(RequestRefused):
    """A value that the attribute cannot have."""

    status = 0x0106


class CannotProcess(RequestRefused):
    """The attribute list is unreadable."""


class NoLongerUpdated(RequestRefused):
    """The performed procedure step has reached a final state."""

    error_id = 0xA710

    def __init__(self) -> None:
        """With the standard's text."""
        super().__init__("Performed Procedure Step Object may no longer be updated")


class DuplicateInstance(RequestRefused):
    """There is one with this SOP Instance UID."""

    status = 0x0111


class UnknownInstance(RequestRefused):
    """There is none with this SOP Instance UID."""

    status = 0x0112


class InvalidInstance(RequestRefused):
    """The SOP Instance UID is missing or none."""

    status = 0x0117


class MissingAttribute(RequestRefused):
    """An attribute that the standard requires is not there."""

    status = 0x0120


class MissingValue(RequestRefused):
    """An attribute that needs a value has none."""

    status = 0x0121


class InvalidArgument(RequestRefused):
    """The action information has a value that it cannot have."""

    status = 0x0115


class NoSuchAction(RequestRefused):
    """The SOP class has no action of this type."""

    status = 0x0123


class DuplicateInvocation(RequestRefused):
    """The transaction is known, and was of something else."""

    status = 0x0210
