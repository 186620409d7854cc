"""Profiles from TOML, checked: every error says which key it is about and what is allowed there."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path as FilePath
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from producers.hl7.paths import InvalidPath, Path, compile_path
from producers.hl7.profile import Profile, Profiles
from producers.hl7.profile_fields import PATHS, PRIORITIES, STEPS, VALUES
from schemas.events import Event

DEFAULT_NAME = "ihe"
_DEFAULT_FILE = FilePath(__file__).with_name("profiles") / f"{DEFAULT_NAME}.toml"
_NO_STEP = "none"


class InvalidProfile(ValueError):
    """The profile file cannot be used: the message names the key and what is allowed."""


@cache
def default_profiles() -> Profiles:
    """IHE's, for every sender."""
    return _profiles(tomllib.loads(_DEFAULT_FILE.read_text("utf-8")), {})


def load_profiles(path: FilePath | None) -> Profiles:
    """The profiles in the file at `path`, beside the default; only the default without one.

    Raises InvalidProfile.
    """
    if path is None:
        return default_profiles()
    try:
        return parse_profiles(path.read_text("utf-8"))
    except OSError as error:
        raise InvalidProfile(f"{path}: cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, InvalidProfile) as error:
        raise InvalidProfile(f"{path}: {error}") from None


def parse_profiles(text: str) -> Profiles:
    """The profiles that `text` declares, beside the default. Raises InvalidProfile."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidProfile(f"no TOML: {error}") from None
    return _profiles(document, default_profiles().by_name)


def _profiles(document: Mapping[str, Any], known: Mapping[str, Profile]) -> Profiles:
    _check_keys(document, "the file", ("default", "profiles"))
    by_name = dict(known)
    senders: dict[tuple[str | None, str | None], Profile] = {}
    for name, said in _table(document.get("profiles", {}), "profiles").items():
        where = f"profiles.{name}"
        _check_keys(_table(said, where), where, _PROFILE_KEYS)
        by_name[name] = _profile(name, said, by_name)
        for key in _senders(said.get("senders", []), f"{where}.senders"):
            if key in senders:
                raise InvalidProfile(f"{where}.senders: {senders[key].name} has this sender already")
            senders[key] = by_name[name]
    default = _one_of(document.get("default", DEFAULT_NAME), "default", by_name)
    return Profiles(by_name, senders, by_name[default])


_PROFILE_KEYS = ("based_on", "senders", "zone", "issuer", "paths", "values", "steps")


def _profile(name: str, said: Mapping[str, Any], known: Mapping[str, Profile]) -> Profile:
    where = f"profiles.{name}"
    base = Profile(name)
    if known:
        base = known[_one_of(said.get("based_on", DEFAULT_NAME), f"{where}.based_on", known)]
    return Profile(
        name,
        zone=_zone(said["zone"], f"{where}.zone") if "zone" in said else base.zone,
        issuer=_text(said["issuer"], f"{where}.issuer") if "issuer" in said else base.issuer,
        paths={**base.paths, **_paths(said.get("paths", {}), f"{where}.paths")},
        values={**base.values, **_values(said.get("values", {}), f"{where}.values", base)},
        steps={**base.steps, **_steps(said.get("steps", {}), f"{where}.steps", base)},
    )


def _paths(said: object, where: str) -> dict[str, tuple[Path, ...]]:
    table = _table(said, where)
    _check_keys(table, where, PATHS)
    return {name: _places(places, f"{where}.{name}") for name, places in table.items()}


def _places(said: object, where: str) -> tuple[Path, ...]:
    texts = [said] if isinstance(said, str) else said
    if not isinstance(texts, list):
        raise InvalidProfile(f'{where}: expected a place or a list of places, such as ["OBR-18", "ORC-3"]')
    try:
        return tuple(compile_path(_text(text, where)) for text in texts)
    except InvalidPath as error:
        raise InvalidProfile(f"{where}: {error}") from None


def _values(said: object, where: str, base: Profile) -> dict[str, Mapping[str, str]]:
    table = _table(said, where)
    _check_keys(table, where, VALUES)
    return {
        name: {**base.values.get(name, {}), **_codes(codes, f"{where}.{name}", name)}
        for name, codes in table.items()
    }


def _codes(said: object, where: str, name: str) -> dict[str, str]:
    codes: dict[str, str] = {}
    for code, meaning in _table(said, where).items():
        text = _text(meaning, f"{where}.{code}")
        if name == "priority":
            _one_of(text, f"{where}.{code}", PRIORITIES)
        codes[code] = text
        codes.setdefault(code.upper(), text)
    return codes


def _steps(said: object, where: str, base: Profile) -> dict[str, Mapping[str, type[Event] | None]]:
    table = _table(said, where)
    _check_keys(table, where, STEPS)
    found: dict[str, Mapping[str, type[Event] | None]] = {}
    for name, codes in table.items():
        allowed: dict[str, type[Event] | None] = {step.__name__: step for step in STEPS[name]}
        allowed[_NO_STEP] = None
        steps = dict(base.steps.get(name, {}))
        for code, step in _table(codes, f"{where}.{name}").items():
            steps[code.upper()] = allowed[_one_of(step, f"{where}.{name}.{code}", allowed)]
        found[name] = steps
    return found


def _senders(said: object, where: str) -> list[tuple[str | None, str | None]]:
    if not isinstance(said, list):
        raise InvalidProfile(
            f'{where}: expected a list such as [{{ application = "RIS", facility = "NORTH" }}]'
        )
    keys = []
    for index, sender in enumerate(said):
        here = f"{where}[{index}]"
        _check_keys(_table(sender, here), here, ("application", "facility"))
        if not sender:
            raise InvalidProfile(f"{here}: name application (MSH-3), facility (MSH-4) or both")
        given = {key: _text(value, f"{here}.{key}") for key, value in sender.items()}
        keys.append((given.get("application"), given.get("facility")))
    return keys


def _zone(said: object, where: str) -> ZoneInfo:
    try:
        return ZoneInfo(_text(said, where))
    except (ZoneInfoNotFoundError, ValueError):
        raise InvalidProfile(f"{where}: no time zone; expected a name such as Europe/Berlin") from None


def _table(said: object, where: str) -> Mapping[str, Any]:
    if not isinstance(said, dict):
        raise InvalidProfile(f"{where}: expected a table, got {type(said).__name__}")
    return said


def _text(said: object, where: str) -> str:
    if not isinstance(said, str) or not said:
        raise InvalidProfile(f"{where}: expected text, got {said!r}")
    return said


def _one_of(said: object, where: str, allowed: Iterable[str]) -> str:
    text = _text(said, where)
    if text not in allowed:
        raise InvalidProfile(f"{where}: {text!r} is unknown; allowed: {', '.join(sorted(allowed))}")
    return text


def _check_keys(said: Mapping[str, Any], where: str, allowed: Iterable[str]) -> None:
    for key in said:
        if key not in allowed:
            raise InvalidProfile(f"{where}: unknown key {key!r}; allowed: {', '.join(allowed)}")
