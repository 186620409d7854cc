"""Writes down what happens: the state file, the supervisor's log, then the caller's callback."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from runtime.stack.events import EventKind, OnEvent, StackEvent
from runtime.stack.logs import open_log
from runtime.stack.part import Part
from runtime.stack.state import PartState, StackState, boot_id, created_at, remove_state, write_state

LOG_NAME = "supervisor"
_STATES = {EventKind.STARTED: "starting", EventKind.RESTARTED: "starting"}


class StackRecord:
    """The running account of one stack on one data directory."""

    def __init__(self, data: Path, on_event: OnEvent) -> None:
        self._data = data
        self._on_event = on_event
        self._log = open_log(data, LOG_NAME)
        self.state = StackState(
            supervisor_pid=os.getpid(),
            supervisor_created_at=created_at(os.getpid()) or 0.0,
            boot_id=boot_id(),
            started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        write_state(data, self.state)

    def add_part(self, part: Part) -> None:
        """A part that is about to start."""
        self._put(part.name, PartState(state="starting", ports=dict(part.ports)))

    def publish(self, endpoints: Mapping[str, str]) -> None:
        """Adds addresses that clients read from the state."""
        self.state = replace(self.state, endpoints={**self.state.endpoints, **endpoints})
        self._save()

    def on_event(self, event: StackEvent) -> None:
        """Takes one event of a part."""
        before = self.state.parts[event.part]
        running = event.kind in (EventKind.STARTED, EventKind.RESTARTED, EventKind.READY)
        after = replace(
            before,
            state=_STATES.get(event.kind, event.kind.value),
            pid=event.pid if running else None,
            created_at=created_at(event.pid) if running and event.pid else None,
            restarts=before.restarts + (event.kind is EventKind.RESTARTED),
        )
        self._put(event.part, after)
        try:
            self._log.write((event.as_json() + "\n").encode())
        except OSError as error:
            # A full disk must not take the supervisor down with it: what runs goes on.
            event = replace(event, detail=f"{event.detail} (not logged: {error})".strip())
        self._on_event(event)

    def close(self) -> None:
        """The stack is down: forgets the state, keeps the log."""
        self._log.close()
        remove_state(self._data)

    def _put(self, name: str, part: PartState) -> None:
        self.state = replace(self.state, parts={**self.state.parts, name: part})
        self._save()

    def _save(self) -> None:
        try:
            write_state(self._data, self.state)
        except OSError:
            # As above. The old state stays, and `tether` still ends the parts with the supervisor.
            return
