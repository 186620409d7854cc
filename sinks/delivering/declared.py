"""Destinations as a file of TOML declares them: what is the same for every protocol, checked as a whole."""

from __future__ import annotations

import re
import ssl
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

from sinks.delivering.errors import InvalidDestinations

# Options that every destination has: back-off and patience, and from where a new name begins.
RETRYING: Mapping[str, tuple[float, float]] = {
    "first_pause_s": (0.001, 600),
    "longest_pause_s": (0.001, 3600),
    "max_attempts": (1, 100_000),
    "max_age_s": (0.01, 10**8),
}
STARTS = ("now", "beginning")

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """TLS towards a destination.

    ca_file: Certificates that its certificate is checked against; else those of the system.
    certificate_file, key_file: Ours, where it asks for one.
    server_name: Name in its certificate, where that is not `host`.
    """

    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    server_name: str | None = None


def tls_context(tls: Tls) -> ssl.SSLContext:
    """The client's side. Raises OSError where a file cannot be read, or is none of what it should be."""
    context = ssl.create_default_context(cafile=tls.ca_file)
    if tls.certificate_file is not None:
        context.load_cert_chain(tls.certificate_file, tls.key_file)
    return context


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What options may be, by name: from and to, one of several, or (`others`) what the caller checks."""

    numbers: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    choices: Mapping[str, Collection[str]] = field(default_factory=dict)
    others: Collection[str] = ()


def destination_tables(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each `[[destination]]` table, and how messages call it. Raises InvalidDestinations."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidDestinations(f"no TOML: {error}") from None
    tables = document.pop("destination", [])
    if document or not isinstance(tables, list) or not tables:
        raise InvalidDestinations("expected [[destination]] tables and nothing else")
    names = [table.get("name") for table in tables]
    for number, (table, name) in enumerate(zip(tables, names, strict=True), start=1):
        if name is not None and names.count(name) > 1:
            raise InvalidDestinations(f"two destinations are called {name}")
        yield f"destination {number} ({name or 'without a name'})", table


def checked(table: Mapping[str, Any], cls: type[Any], where: str, limits: Limits) -> dict[str, Any]:
    """`table` as the keywords of the destination `cls`, with its name and TLS. Raises InvalidDestinations."""
    given = dict(table)
    check(given, cls, where, limits)
    if not _NAME.fullmatch(given["name"]):
        raise InvalidDestinations(f"{where}: a name has lower-case letters, digits and hyphens, at most 40")
    if "tls" in given:
        given["tls"] = _tls(given["tls"], where)
    return given


def _tls(table: Any, where: str) -> Tls:
    if not isinstance(table, dict):
        raise InvalidDestinations(f"{where}: tls is a table; {{}} for the certificates of the system")
    check(table, Tls, f"{where}, tls", Limits())
    paths = {name: Path(value) for name, value in table.items() if name != "server_name"}
    return Tls(
        ca_file=paths.get("ca_file"),
        certificate_file=paths.get("certificate_file"),
        key_file=paths.get("key_file"),
        server_name=table.get("server_name"),
    )


def check(given: Mapping[str, Any], cls: type[Any], where: str, limits: Limits) -> None:
    """Whether `given` are options of `cls`, and none is missing. Raises InvalidDestinations."""
    for option in fields(cls):
        is_needed = option.default is MISSING and option.default_factory is MISSING
        if is_needed and option.name not in given:
            raise InvalidDestinations(f"{where}: {option.name} is missing")
    hints = get_type_hints(cls)
    known = {option.name for option in fields(cls)}
    for name, value in given.items():
        if name not in known:
            raise InvalidDestinations(f"{where}: no option {name}; there are {', '.join(sorted(known))}")
        if name in limits.numbers:
            low, high = limits.numbers[name]
            kinds = (int,) if hints[name] is int else (int, float)
            if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
                raise InvalidDestinations(f"{where}: {name} is a number from {low} to {high}")
        elif name in limits.choices and value not in limits.choices[name]:
            raise InvalidDestinations(f"{where}: {name} is one of {', '.join(limits.choices[name])}")
        elif name not in {*limits.others, "tls"} and not isinstance(value, str):
            raise InvalidDestinations(f"{where}: {name} is a text")
