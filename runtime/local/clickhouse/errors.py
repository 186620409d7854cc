"""The server's errors, and what each says over HTTP.

StartError              the server cannot start; the message says what to do
ClickHouseError         a statement failed: ClickHouse's code, name and text
    NeedMoreError       (sql.py) the statement's end has not been read yet
"""

from __future__ import annotations

import re
from typing import Final

AUTHENTICATION_FAILED: Final = 516
REQUIRED_PASSWORD: Final = 194

# Code -> HTTP status, as ClickHouse's own HTTP interface maps them (exceptionCodeToHTTPStatus).
_STATUS: Final[dict[int, int]] = {
    REQUIRED_PASSWORD: 401,
    192: 403,  # UNKNOWN_USER
    193: 403,  # WRONG_PASSWORD
    AUTHENTICATION_FAILED: 403,
    497: 403,  # ACCESS_DENIED
    **dict.fromkeys(
        # CANNOT_PARSE_*, INCORRECT_*, SYNTAX_ERROR, TYPE_MISMATCH, ILLEGAL_*, BAD_REQUEST_PARAMETER ...
        (6, 25, 26, 27, 33, 34, 36, 38, 41, 43, 53, 62, 63, 72, 117, 130, 306, 386, 397, 427, 441, 456, 457),
        400,
    ),
    # UNKNOWN_IDENTIFIER, _FUNCTION, _TYPE, _STORAGE, _TABLE, _FORMAT, _DATABASE, _SETTING ...
    **dict.fromkeys((16, 46, 47, 50, 56, 60, 73, 75, 78, 81, 115, 511), 404),
    159: 408,  # TIMEOUT_EXCEEDED
    381: 411,  # HTTP_LENGTH_REQUIRED
    223: 413,  # QUERY_IS_TOO_LARGE
    202: 503,  # TOO_MANY_SIMULTANEOUS_QUERIES
    209: 503,  # SOCKET_TIMEOUT
    76: 503,  # CANNOT_OPEN_FILE
    439: 503,  # CANNOT_SCHEDULE_TASK
    271: 400,  # CANNOT_DECOMPRESS
    48: 501,  # NOT_IMPLEMENTED
}
_CODE = re.compile(r"Code: (\d+)\. ")


class StartError(RuntimeError):
    """The server cannot start. The message names the reason and the next step."""


class ClickHouseError(Exception):
    """A statement failed. `code` is ClickHouse's error code; the text is what a client is shown."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text

    @property
    def status(self) -> int:
        """The HTTP status of the answer."""
        return _STATUS.get(self.code, 500)


def refused(code: int, name: str, text: str) -> ClickHouseError:
    """An error that the server itself raises, in the engine's words."""
    return ClickHouseError(code, f"Code: {code}. DB::Exception: {text} ({name})")


def engine_error(error: BaseException) -> ClickHouseError:
    """What the engine said, without the wrapper's prefix. Code 1002 (UNKNOWN_EXCEPTION) if it gave none."""
    text = str(error).strip()
    found = _CODE.search(text)
    if found is None:
        return refused(1002, "UNKNOWN_EXCEPTION", text or type(error).__name__)
    return ClickHouseError(int(found.group(1)), text[found.start() :])
