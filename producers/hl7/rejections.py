"""Why a message is not accepted: each reason with its answer (HL7 table 0008) and error code (table 0357).

    Rejected
    ├── UnparsableMessage      AE 100, or AR where there is no MSH to answer to
    ├── MessageTooLong         AR 207
    ├── SenderNotAllowed       AR 103
    ├── UnknownMessageType     AR 200, or 201 where only the trigger is unknown
    ├── UnknownOrderStatus     AE 103
    ├── UnknownResultStatus    AE 103
    ├── MissingPatient         AE 101
    ├── MissingAccession       AE 101
    ├── MissingSegment         AE 100
    ├── EventTooLarge          AE 207
    └── MappingFailed          AE 207

The class name is the reason in the dead letter. No text carries PHI.
"""

from __future__ import annotations

from typing import ClassVar


class Rejected(Exception):
    """Root: `code` is AE or AR, `error` a code of table 0357, `location` a reference such as PID-3.1."""

    code: ClassVar[str] = "AE"
    error: str = "207"

    def __init__(self, detail: str, location: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.location = location

    @property
    def reason(self) -> str:
        """For counting, and in the dead letter."""
        return type(self).__name__


class UnparsableMessage(Rejected):
    """No HL7 v2 message in ER7 encoding."""

    error = "100"


class MessageTooLong(Rejected):
    """Longer than we take."""

    code = "AR"


class SenderNotAllowed(Rejected):
    """MSH-3 and MSH-4 are not on the list of those who may send."""

    code = "AR"
    error = "103"


class UnknownMessageType(Rejected):
    """No mapping for this MSH-9."""

    code = "AR"

    def __init__(self, detail: str, *, is_trigger: bool) -> None:
        super().__init__(detail, "MSH-9")
        self.error = "201" if is_trigger else "200"


class UnknownOrderStatus(Rejected):
    """No step for this ORC-1 and ORC-5."""

    error = "103"


class UnknownResultStatus(Rejected):
    """No step for this OBR-25."""

    error = "103"


class MissingPatient(Rejected):
    """PID-3 has no identifier."""

    error = "101"


class MissingAccession(Rejected):
    """None of the accession's fields has a value."""

    error = "101"


class MissingSegment(Rejected):
    """A segment that the message structure demands is not there."""

    error = "100"


class EventTooLarge(Rejected):
    """The event that this message gives is larger than Kafka takes."""


class MappingFailed(Rejected):
    """A fault of ours: the log says where, and once it is mended the dead letter can be driven again."""
