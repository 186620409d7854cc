"""What can go wrong between the log and ClickHouse.

SinkError
├── MigrationChanged     a migration that was applied reads differently now
├── InvalidMigration     a file name, a gap in the numbers, or an unfinished quote
├── Unavailable          nobody's data is wrong: try the same batch again later
└── DataRefused          these rows are wrong: trying again gives the same answer
"""

from __future__ import annotations

from clickhouse_connect.driver.exceptions import Error


class SinkError(Exception):
    """Root of the tree."""


class MigrationChanged(SinkError):
    """A migration that was applied reads differently now."""


class InvalidMigration(SinkError):
    """A file name that is not NNNN_name.sql, a gap in the numbers, or an unfinished quote."""


class Unavailable(SinkError):
    """ClickHouse, Kafka or the schema registry cannot do it now."""


class NotAnId(SinkError):
    """A text that should be a UUID (RFC 9562, section 4) and is not."""


class Stopped(SinkError):
    """A stop was asked for before everything was there."""


class DataRefused(SinkError):
    """The rows do not fit the table. `reason` is a class of error, without any value of the rows."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# ClickHouse, src/Common/ErrorCodes.cpp: the codes that depend on what stands in the rows. Codes of the
# table's shape (16 NO_SUCH_COLUMN_IN_TABLE, 60 UNKNOWN_TABLE) are ours to mend and lose nothing by waiting.
DATA_ERRORS = {
    6: "CANNOT_PARSE_TEXT",
    25: "CANNOT_PARSE_ESCAPE_SEQUENCE",
    26: "CANNOT_PARSE_QUOTED_STRING",
    27: "CANNOT_PARSE_INPUT_ASSERTION_FAILED",
    36: "BAD_ARGUMENTS",
    38: "CANNOT_PARSE_DATE",
    41: "CANNOT_PARSE_DATETIME",
    53: "TYPE_MISMATCH",
    69: "ARGUMENT_OUT_OF_BOUND",
    70: "CANNOT_CONVERT_TYPE",
    72: "CANNOT_PARSE_NUMBER",
    117: "INCORRECT_DATA",
    131: "TOO_LARGE_STRING_SIZE",
    321: "VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE",
    349: "CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN",
    376: "CANNOT_PARSE_UUID",
    407: "DECIMAL_OVERFLOW",
    469: "VIOLATED_CONSTRAINT",
}


def explained(error: Error) -> DataRefused | Unavailable:
    """The driver's error as one of ours. ClickHouse quotes values in its text, so only codes go on."""
    if error.code in DATA_ERRORS:
        return DataRefused(DATA_ERRORS[error.code])
    return Unavailable(f"ClickHouse: {error.name or type(error).__name__} (code {error.code})")
