"""What a search for a patient looks for in any bytes: sealed parts by their keys' ids, names in clear."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from schemas.errors import KeyDestroyed, KeyNotFound, PhiError
from schemas.parts import Phi
from schemas.phi import KeyRing

_BETWEEN_NAMES = ("^", " ", ", ", ",")
_ENCODINGS = ("utf-8", "latin-1", "utf-16-le", "utf-16-be")
# A shorter number stands in other numbers by chance.
_SHORTEST_NUMBER = 5
_WORD = rb"[0-9A-Za-z]"


@dataclass(slots=True)
class Seen:
    """What was found in one place. examined: messages, objects, rows or files, as the place has them.

    closed, open: sealed parts under keys that were to be destroyed. since: under keys that the patient got
    after it. in_clear: pieces in which a name or number stands. where: the first few that are open or in
    clear.
    """

    examined: int = 0
    closed: int = 0
    open: int = 0
    since: int = 0
    in_clear: int = 0
    where: list[str] = field(default_factory=list)

    def point_at(self, where: str) -> None:
        """Name one place, of the first few."""
        if len(self.where) < _MOST_NAMED:
            self.where.append(where)


_MOST_NAMED = 10


def names_in_clear(known: Iterable[Phi]) -> tuple[bytes, ...]:
    """The bytes that would name the patient: numbers, and family with given name in the usual forms."""
    texts: set[str] = set()
    for phi in known:
        if phi.patient_id and len(phi.patient_id) >= _SHORTEST_NUMBER:
            texts.add(phi.patient_id)
        family, _, rest = (phi.patient_name or "").partition("^")
        given = rest.partition("^")[0]
        if family and given:
            pairs = ((family, given), (given, family))
            texts |= {between.join(pair) for pair, between in product(pairs, _BETWEEN_NAMES)}
    return tuple(sorted({form for text in texts for form in _encoded(text)}))


def _encoded(text: str) -> Iterator[bytes]:
    for case, encoding in product({text, text.upper()}, _ENCODINGS):
        try:
            yield case.encode(encoding)
        except UnicodeEncodeError:
            continue


class PartSearch:
    """Looks for the patient in bytes, key ring at hand: a part is open where the ring has its key."""

    def __init__(self, ring: KeyRing, destroyed: Mapping[str, int], in_clear: Iterable[bytes]) -> None:
        """destroyed: by subject the last generation that was to go."""
        self._ring = ring
        self._destroyed = destroyed
        self._subjects = tuple(subject.encode() for subject in destroyed)
        either = b"|".join(map(re.escape, self._subjects)) or rb"(?!)"
        self._key_id = re.compile(b"(" + either + rb")/(\d{1,6})")
        needles = [re.escape(needle) for needle in in_clear]
        self._in_clear = _bounded(needles) if needles else None
        self._needles = tuple(in_clear)
        self._opens: dict[str, bool] = {}

    @property
    def knows_names(self) -> bool:
        """Whether it looks for names and numbers in clear."""
        return bool(self._needles)

    @property
    def needles(self) -> tuple[bytes, ...]:
        """What it looks for in clear."""
        return self._needles

    @property
    def subjects(self) -> tuple[str, ...]:
        """Whose keys were to be destroyed."""
        return tuple(self._destroyed)

    def look(self, content: bytes, seen: Seen, where: str) -> None:
        """One piece: a message, an object, a file."""
        seen.examined += 1
        if any(subject in content for subject in self._subjects):
            for subject, digits in set(self._key_id.findall(content)):
                self.judge(self._id_in(subject.decode(), digits.decode()), 1, seen, where)
        if self._in_clear is not None and self._in_clear.search(content):
            seen.in_clear += 1
            seen.point_at(f"{where}: in clear")

    def _id_in(self, subject: str, digits: str) -> str:
        """The key's id: other digits may stand right behind it, so the longest that there is a key of."""
        last = sum(self._ring.generations(subject))
        fitting = (digits[:length] for length in range(len(digits), 1, -1))
        generation = next((one for one in fitting if int(one) <= last), digits[:1])
        return f"{subject}/{int(generation)}"

    def judge(self, key_id: str, parts: int, seen: Seen, where: str) -> None:
        """So many parts that are sealed under the key."""
        subject, _, generation = key_id.rpartition("/")
        if int(generation) > self._destroyed.get(subject, 0):
            seen.since += parts
        elif self._is_open(key_id):
            seen.open += parts
            seen.point_at(f"{where}: sealed under {key_id}, and opens")
        else:
            seen.closed += parts

    def _is_open(self, key_id: str) -> bool:
        """Whether somebody who has the part could open it. What cannot be said counts as open."""
        if key_id not in self._opens:
            try:
                self._ring.key(key_id)
                self._opens[key_id] = True
            except (KeyDestroyed, KeyNotFound):
                self._opens[key_id] = False
            except PhiError:
                self._opens[key_id] = True
        return self._opens[key_id]


def _bounded(needles: list[bytes]) -> re.Pattern[bytes]:
    return re.compile(rb"(?<!" + _WORD + rb")(?:" + b"|".join(needles) + rb")(?!" + _WORD + rb")")
