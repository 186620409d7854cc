"""Refuses what would make a message unreadable: `python -m schemas.evolution --check`, part of `make check`.

Each contract is held against every version of it that was ever published (the writers' schemas in
`schemas/examples`): it reads what they wrote, and their readers read what it writes, by Avro's schema
resolution. A change needs its golden example, a changed meaning its upcaster, and what was published once
is never changed. Each refusal says how to do it right.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from schemas import upcasters
from schemas.codec import CLASS_BY_NAME
from schemas.compatibility import problems_between, shape
from schemas.contracts import Contract, contracts, full_name, self_contained
from schemas.examples_writer import EXAMPLES
from schemas.manifest import tampering
from schemas.topics import EVENTS
from schemas.upcasters import meaning_of

_VERSION = re.compile(r"\.v(\d+)\.avsc$")
Published = Mapping[str, Mapping[int, Contract]]


def published(examples: Path) -> dict[str, dict[int, Contract]]:
    """Every version that was published, by full record name and number."""
    found: dict[str, dict[int, Contract]] = {}
    for path in examples.glob("*.avsc"):
        schema, match = json.loads(path.read_text("utf-8")), _VERSION.search(path.name)
        if match is not None:
            found.setdefault(full_name(schema), {})[int(match[1])] = schema
    return {name: dict(sorted(versions.items())) for name, versions in sorted(found.items())}


def problems(
    today: Mapping[str, Contract], examples: Path, upcasts: Collection[tuple[str, int]] | None = None
) -> list[str]:
    """Why the contracts `today`, self-contained by full name, may not be published; empty if they may.

    `upcasts`: the changes of meaning that there are functions for, `UPCASTERS` unless given.
    """
    known = upcasters.UPCASTERS.keys() if upcasts is None else upcasts
    then = published(examples)
    found = [*tampering(examples), *_removed(today, then)]
    for name, versions in then.items():
        if name in today:
            found += _of_contract(name, today[name], versions, known)
    # A new version of what may not be published is none: that is said alone.
    return list(dict.fromkeys(found)) or list(_unversioned(today, then))


def contracts_of_today() -> dict[str, Contract]:
    """What is held against the golden examples: every record that is written on its own."""
    return {name: self_contained(name) for name in contracts() if name in {*CLASS_BY_NAME, _PHI}}


_PHI = "radstream.parts.Phi"


def _removed(today: Mapping[str, Contract], then: Published) -> Iterable[str]:
    for name in then.keys() - today.keys():
        file = f"{name.rpartition('.')[2]}.avsc"
        yield (
            f"{name} was removed or renamed, but it was published, and is in the logs. Restore {file} under "
            "schemas/avro; what takes its place is a new contract beside it"
        )


def _of_contract(
    name: str, today: Contract, versions: Mapping[int, Contract], upcasts: Collection[tuple[str, int]]
) -> Iterable[str]:
    for number, old in versions.items():
        for problem in problems_between(old, today):
            yield f"{problem} (published in {name.rpartition('.')[2]}.v{number})"
        yield from _topic(name, old, today)
        yield from _meaning(name, old, today, upcasts)


def _topic(name: str, old: Contract, today: Contract) -> Iterable[str]:
    was, is_now = old.get("topic", EVENTS), today.get("topic", EVENTS)
    if was != is_now:
        yield (
            f"{name} moved from topic {was} to {is_now}: subscribers of {was} no longer hear of it. Restore "
            "its topic; where it must be said elsewhere, add a new event"
        )


def _meaning(
    name: str, old: Contract, today: Contract, upcasts: Collection[tuple[str, int]]
) -> Iterable[str]:
    was, is_now = meaning_of(old), meaning_of(today)
    if was > is_now:
        yield f'{name} went back from "meaning" {was} to {is_now}: it is only ever raised; restore {was}'
    for meaning in range(was, is_now):
        if (name, meaning) not in upcasts:
            yield (
                f'{name} has "meaning" {meaning + 1}, but nothing turns records of meaning {meaning} into it'
                f": add a pure function to UPCASTERS in schemas/upcasters.py, by ({name!r}, {meaning})"
            )


def _unversioned(today: Mapping[str, Contract], then: Published) -> Iterable[str]:
    for name, contract in today.items():
        versions = then.get(name, {})
        if not any(shape(old) == shape(contract) for old in versions.values()):
            number = max(versions, default=0) + 1
            yield (
                f"{name} has no golden example of its contract as it stands: run `python -m "
                f"schemas.examples_writer` and commit {name.rpartition('.')[2]}.v{number}.* and MANIFEST"
            )


def main(arguments: list[str]) -> int:
    """Say what is wrong, if anything; it only ever checks, `--check` given or not. Returns the exit code."""
    if unknown := [argument for argument in arguments if argument != "--check"]:
        sys.stderr.write(f"unknown argument {unknown[0]}: `python -m schemas.evolution --check`\n")
        return 2
    found = problems(contracts_of_today(), EXAMPLES)
    sys.stderr.writelines(f"{problem}\n" for problem in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
