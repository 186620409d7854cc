"""A type checker tells whoever matches on events which ones are left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from mypy import api

from schemas.events import EVENT_CLASSES

_ROOT = Path(__file__).parents[2]
_PROGRAM = """
from typing import assert_never
from schemas import events

def told(event: events.Event) -> str:
    match event:
        case {cases}:
            return event.envelope.event_id
        case _:
            assert_never(event)
"""


@pytest.mark.parametrize("left_out", [0, 1])
def test_a_match_is_accepted_with_every_event_and_refused_with_the_one_that_is_missing(
    left_out: int, tmp_path: Path
) -> None:
    names = [cls.__name__ for cls in EVENT_CLASSES]
    program = _PROGRAM.format(cases=" | ".join(f"events.{name}()" for name in names[left_out:]))
    (tmp_path / "program.py").write_text(program, "utf-8")
    settings = ["--config-file", str(_ROOT / "pyproject.toml"), "--cache-dir", str(tmp_path / "cache")]
    said, failed, status = api.run([*settings, str(tmp_path / "program.py")])
    assert status == left_out, said + failed
    assert (f'"{names[0]}"; expected "Never"' in said) == bool(left_out)
