"""Writes the expected events of the golden messages: `python -m tests.golden_hl7`; read the difference."""

from __future__ import annotations

import json
import sys

from tests.producing import HL7_DATA, golden_events


def write_all() -> None:
    """Each message's events beside it."""
    for path in sorted(HL7_DATA.glob("*.hl7")):
        text = json.dumps(golden_events(path.read_bytes()), indent=1, ensure_ascii=False) + "\n"
        target = path.with_suffix(".json")
        if not target.exists() or target.read_text("utf-8") != text:
            target.write_text(text, "utf-8")
            sys.stdout.write(f"{target.name}\n")


if __name__ == "__main__":
    write_all()
