"""The names of the archive's objects."""

from __future__ import annotations

import re
from typing import NamedTuple

FILES, MANIFESTS, SEALS, KEYS, EXPIRIES = "archive/", "manifests/", "seals/", "keys/", "expired/"
_FILE = re.compile(r"archive/(?P<topic>[^/]+)/(?P<partition>\d+)/(?P<first>\d{20})-(?P<last>\d{20})\.avro")


class Place(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


class FileName(NamedTuple):
    """What the name of a file says."""

    place: Place
    first: int
    last: int


def files_of(place: Place) -> str:
    """What the names of a partition's files begin with."""
    return f"{FILES}{place}/"


def file_name(place: Place, first: int, last: int) -> str:
    """The file with the messages from offset `first` to `last`."""
    return f"{files_of(place)}{first:020d}-{last:020d}.avro"


def parse_file_name(name: str) -> FileName | None:
    """None where it is no file's name."""
    found = _FILE.fullmatch(name)
    if found is None:
        return None
    place = Place(found["topic"], int(found["partition"]))
    return FileName(place, int(found["first"]), int(found["last"]))


def manifests_of(place: Place) -> str:
    """What the names of a partition's manifests begin with."""
    return f"{MANIFESTS}{place}/"


def manifest_name(place: Place, number: int) -> str:
    """The manifest with that number, from 1 on."""
    return f"{manifests_of(place)}{number:010d}.json"


def seal_name(number: int) -> str:
    """The seal with that number, from 1 on."""
    return f"{SEALS}{number:010d}.json"


def key_name(key_id: str) -> str:
    """The public key of that id."""
    return f"{KEYS}{key_id}.json"


def number_in(name: str) -> int:
    """The number of a manifest or a seal by its name; 0 where there is none."""
    stem = name.rpartition("/")[2].removesuffix(".json")
    return int(stem) if stem.isascii() and stem.isdigit() else 0
