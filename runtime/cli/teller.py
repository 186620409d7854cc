"""Says what happens while a stack starts, runs and stops; and the signals that end it."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from runtime.cli.output import console, print_json
from runtime.dashboard_access import first_sign_in
from runtime.installation import Installation
from runtime.stack.events import EventKind, StackEvent


async def first_of(starting: asyncio.Task[Any], stop: asyncio.Event) -> None:
    """Wait for the start, or give it up when asked to stop. Raises what the start raised."""
    asked = asyncio.create_task(stop.wait())
    await asyncio.wait({starting, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if starting.done():
        starting.result()
        return
    starting.cancel()
    await asyncio.wait({starting})


def stop_on_signals() -> asyncio.Event:
    """An event that Ctrl-C and SIGTERM set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


class Teller:
    """Says what happens, for people."""

    def step(self, what: str) -> None:
        """One step of the start or the stop."""
        console.print(what, style="bold", markup=False, highlight=False, soft_wrap=True)

    def progress(self, what: str, done: int, total: int) -> None:
        """Bytes of a download."""
        if total and done >= total:
            console.print(f"  {what}: {total / 1e6:.1f} MB", markup=False)

    def event(self, event: StackEvent) -> None:
        """A part started, got ready, died."""
        bad = event.kind in {EventKind.DIED, EventKind.FAILED}
        console.print(f"  {event}", style="red" if bad else "dim", markup=False, highlight=False)

    def up(self, installation: Installation, *, is_simulated: bool) -> None:
        """Everything serves. The password itself is told where all patients are invented."""
        ends = installation.endpoints()
        console.print()
        for name in ("hl7", "dicom", "kafka", "registry", "clickhouse", "object_store"):
            console.print(f"  {name:13}{ends[name]}", highlight=False)
        console.print(f"\n  [bold green]dashboard    {ends['dashboard']}[/]")
        console.print(_how_to_sign_in(installation, is_simulated=is_simulated), markup=False, highlight=False)
        console.print()
        console.print("Ctrl-C stops everything.")


class JsonTeller(Teller):
    """Says the same as one JSON document per line."""

    def step(self, what: str) -> None:
        print_json({"step": what})

    def progress(self, what: str, done: int, total: int) -> None:
        print_json({"progress": what, "done": done, "total": total})

    def event(self, event: StackEvent) -> None:
        print_json({"part": event.part, "event": event.kind, "pid": event.pid, "detail": str(event)})

    def up(self, installation: Installation, *, is_simulated: bool) -> None:
        first = first_sign_in(installation)
        sign_in = None if first is None else {"user": first.user, "password_file": first.password_file}
        if first is not None and sign_in is not None and is_simulated:
            sign_in["password"] = first.password
        print_json({"up": True, "endpoints": dict(installation.endpoints()), "sign_in": sign_in})


class SilentTeller(Teller):
    """Says nothing: the answer is one document at the end."""

    def step(self, what: str) -> None:
        pass

    def progress(self, what: str, done: int, total: int) -> None:
        pass

    def event(self, event: StackEvent) -> None:
        pass

    def up(self, installation: Installation, *, is_simulated: bool) -> None:
        pass


def _how_to_sign_in(installation: Installation, *, is_simulated: bool) -> str:
    first = first_sign_in(installation)
    if first is None:
        return "               sign in as a user of `radstream user list`"
    if is_simulated:
        return f"               sign in as {first.user} with the password {first.password}"
    where = first.password_file or "RADSTREAM_DASHBOARD_ADMIN_PASSWORD"
    return f"               sign in as {first.user} with the password in {where}"
