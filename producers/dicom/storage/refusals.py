"""Why an image is refused, each with its C-STORE status (DICOM PS3.4 annex B.2.3, PS3.7 annex C).

    Refused
    ├── CannotUnderstand           0xC000  unreadable, or without the UIDs that name it
    └── DataSetDoesNotMatch        0xA900  not what the command says that it is

The class name is the reason in the dead letter. No text carries PHI.
"""

from __future__ import annotations

from typing import ClassVar

SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
# PS3.7 annex C: of C-STOREs that are not looked into.
CLASS_NOT_SUPPORTED = 0x0122
NOT_AUTHORIZED = 0x0124


class Refused(Exception):
    """Root: it would be refused again if it were sent again."""

    status: ClassVar[int] = 0xC000


class CannotUnderstand(Refused):
    """Unreadable, or without the UIDs that name it."""


class DataSetDoesNotMatch(Refused):
    """Its SOP class or instance is not the command's."""

    status = 0xA900
