"""A request of ClickHouse's HTTP interface, read from URL parameters, headers and form fields."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from runtime.local.clickhouse.compression import choose_encoding
from runtime.local.clickhouse.config import ClickHouseConfig
from runtime.local.clickhouse.errors import AUTHENTICATION_FAILED, REQUIRED_PASSWORD, ClickHouseError, refused
from runtime.local.clickhouse.native import CUSTOM_SERIALIZATION
from runtime.local.clickhouse.pool import DEFAULT_SESSION_TIMEOUT_S

# Parameters that steer the transport; every other one is a setting, param_<name>, or an external table's.
_TRANSPORT: Final = frozenset(
    {
        "query", "user", "password", "database", "default_format", "session_id", "session_timeout",
        "session_check", "close_session", "query_id", "stacktrace", "compress", "decompress",
        "wait_end_of_query", "buffer_size", "quota_key", "role", "client_protocol_version", "readonly",
        "send_progress_in_http_headers", "http_headers_progress_interval_ms", "enable_http_compression",
        "http_zlib_compression_level", "cancel_http_readonly_queries_on_client_close", "add_http_cors_header",
        "http_wait_end_of_query", "http_response_buffer_size",
    }
)  # fmt: skip
_EXTERNAL: Final = re.compile(r"(\w+)_(format|types|structure)\Z")


class Access(Enum):
    """What a user may do."""

    FULL = "full"
    ANALYST = "analyst"  # reads views only


@dataclass(frozen=True, slots=True)
class ExternalTable:
    """A table that a client sends along with its query."""

    name: str
    structure: str
    input_format: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client asks for, apart from its body."""

    query: str
    query_id: str
    settings: Mapping[str, str]
    parameters: Mapping[str, str]
    database: str | None
    default_format: str | None
    readonly: bool
    wait_to_the_end: bool
    newer_native: bool
    encoding: str | None
    session_id: str | None
    session_timeout_s: int
    session_must_exist: bool
    external: tuple[ExternalTable, ...] = ()


def authenticate(config: ClickHouseConfig, params: Mapping[str, str], headers: Mapping[str, str]) -> Access:
    """Check the credentials, from wherever the client put them. Raises ClickHouseError 194 or 516."""
    credentials = _credentials(params, headers)
    if credentials is None:
        raise refused(
            REQUIRED_PASSWORD, "REQUIRED_PASSWORD", "default: Authentication failed: give user and password"
        )
    user, password = credentials
    known = {Access.FULL: (config.user, config.password)}
    if config.analyst is not None:
        known[Access.ANALYST] = (config.analyst.user, config.analyst.password)
    # All are compared in full, so that the time taken says nothing.
    right = [
        access for access, (name, secret) in known.items() if _same(user, name) & _same(password, secret)
    ]
    if not right:
        text = f"{user}: Authentication failed: password is incorrect, or there is no user with such name."
        raise refused(AUTHENTICATION_FAILED, "AUTHENTICATION_FAILED", text)
    return right[0]


def parse_request(
    method: str,
    params: Mapping[str, str],
    headers: Mapping[str, str],
    files: Mapping[str, bytes] | None = None,
) -> Request:
    """Read a request. Raises ClickHouseError for what it cannot do or read."""
    if params.get("compress", "0") != "0" or params.get("decompress", "0") != "0":
        raise _unsupported(
            "compress and decompress (ClickHouse's own framing): use Accept-Encoding and Content-Encoding"
        )
    external, used = _external_tables(params, files or {})
    named = {name: value for name, value in params.items() if name not in _TRANSPORT and name not in used}
    compressed = params.get("enable_http_compression", "1") != "0"
    return Request(
        query=params.get("query", ""),
        query_id=params.get("query_id") or str(uuid.uuid4()),
        settings={name: value for name, value in named.items() if not name.startswith("param_")},
        parameters={name[6:]: value for name, value in named.items() if name.startswith("param_")},
        database=params.get("database") or headers.get("X-ClickHouse-Database") or None,
        default_format=params.get("default_format") or headers.get("X-ClickHouse-Format") or None,
        readonly=method != "POST" or params.get("readonly", "0") != "0",
        wait_to_the_end=params.get("wait_end_of_query", params.get("http_wait_end_of_query", "0"))
        not in ("0", "false"),
        # clickhouse-connect asks for an earlier version, and takes blocks as of version 0 as well.
        newer_native=_number(params.get("client_protocol_version")) >= CUSTOM_SERIALIZATION,
        encoding=choose_encoding(headers.get("Accept-Encoding") or "") if compressed else None,
        session_id=params.get("session_id") or None,
        session_timeout_s=_seconds(params.get("session_timeout")),
        session_must_exist=params.get("session_check", "0") == "1",
        external=external,
    )


def _same(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode(errors="surrogateescape"), known.encode())


def _credentials(params: Mapping[str, str], headers: Mapping[str, str]) -> tuple[str, str] | None:
    if "X-ClickHouse-User" in headers or "X-ClickHouse-Key" in headers:
        return headers.get("X-ClickHouse-User") or "default", headers.get("X-ClickHouse-Key") or ""
    scheme, _, encoded = (headers.get("Authorization") or "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise refused(
                AUTHENTICATION_FAILED, "AUTHENTICATION_FAILED", "Malformed Authorization header"
            ) from error
        return user, password
    if "user" in params or "password" in params:
        return params.get("user", "default"), params.get("password", "")
    return None


def _external_tables(
    params: Mapping[str, str], files: Mapping[str, bytes]
) -> tuple[tuple[ExternalTable, ...], frozenset[str]]:
    """The tables, and the parameters that describe them. Without files, a setting may end in `_format`."""
    used = frozenset(
        name for name in params if (found := _EXTERNAL.match(name)) is not None and found.group(1) in files
    )
    tables = (_external_table(name, data, params) for name, data in files.items())
    return tuple(tables), used


def _external_table(name: str, data: bytes, params: Mapping[str, str]) -> ExternalTable:
    structure = params.get(f"{name}_structure")
    types = params.get(f"{name}_types")
    if structure is None and types is not None:
        structure = ", ".join(f"_{at} {type_}" for at, type_ in enumerate(_split_types(types), 1))
    if structure is None:
        raise refused(36, "BAD_ARGUMENTS", f"External table {name} needs {name}_structure or {name}_types")
    return ExternalTable(name, structure, params.get(f"{name}_format", "TabSeparated"), data)


def _split_types(types: str) -> list[str]:
    """Split at the commas that are not inside parentheses: `UInt8, Decimal(9, 2)`."""
    return [part.strip() for part in re.split(r",(?![^()]*\))", types) if part.strip()]


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() else 0


def _seconds(text: str | None) -> int:
    if text is None:
        return DEFAULT_SESSION_TIMEOUT_S
    if not text.isdecimal():
        raise refused(36, "BAD_ARGUMENTS", f"Invalid session timeout: '{text}'")
    return int(text)


def _unsupported(what: str) -> ClickHouseError:
    return refused(48, "NOT_IMPLEMENTED", f"Not supported here: {what}")
