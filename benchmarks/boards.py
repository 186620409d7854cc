"""Fifty boards at once: how late each is told, whether it is told everything, and how soon a page is there.

The whole local stack on free ports, with a thousand open exams. HL7 messages are sent when they are due (open
loop) at 5, 20 and 50 per second, while 50 readers of server-sent events hang on one dashboard process; beside
it the same with one reader, as the peer. Each reader keeps what comes and when, and reads it after the last
message.

    lag_ms         from when a message was due until a reader had the frame with it, over all readers
    lost           messages that a reader never heard of; a later state of the exam tells of those before
    frames_per_s   frames that a reader gets
    cpu_percent    of one core, of the dashboard's process, while messages are sent

Then each page is opened in headless Chromium, with an empty cache, while five messages a second come:

    first_paint_ms, largest_paint_ms   of the browser, from the navigation
    first_exam_ms                      until the first exam of the list is in the page
    longest_task_ms                    the longest that the page did not react as it follows; 0: never 50 ms
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import uvloop

from benchmarks.boards_paint import figures, paint_ms
from benchmarks.boards_readers import Readers, readers_of
from benchmarks.harness import Options, Result, parse_options, progress, report
from benchmarks.latency import percentile
from benchmarks.latency_sender import CpuMeter, Due, Sender, schedule
from dashboards.access.access import open_access
from dashboards.access.roles import Role, User
from dashboards.pages import PAGES
from runtime.dashboard_access import access_config, program_token
from runtime.installation import Installation
from runtime.pipeline import start_pipeline, with_free_ports
from runtime.settings import Settings
from runtime.stack.supervisor import Supervisor

READERS = 50
_SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
_EXAMS = 1_000
_FILL_PER_S = 200
_SETTLE_S = 5.0


class Boards:
    """One installation that is up."""

    def __init__(self, installation: Installation, dashboard_pid: int) -> None:
        """`dashboard_pid`: the process whose CPU is counted."""
        self._installation = installation
        self._pid = dashboard_pid
        self._token = program_token(installation, "benchmark")

    def fill(self) -> None:
        """A thousand open exams."""
        due = [Due(number / _FILL_PER_S, f"F{uuid4().hex[:4]}N{number}", 0) for number in range(_EXAMS)]
        self._send(due)

    def measure(self, readers: int, rate: float, seconds: float) -> dict[str, float]:
        """Figures of so many readers at this rate. Raises RuntimeError where a message was refused."""
        name = f"B{uuid4().hex[:6]}N"
        due = schedule(rate, seconds, name)
        with readers_of(self._installation.dashboard_url, self._token, readers) as reading:
            sender = self._send(due)
            return self._figures(sender, reading, name, seconds)

    def _send(self, due: list[Due]) -> Sender:
        sender = Sender(due, CpuMeter({"dashboard": self._pid}))
        uvloop.run(sender.run(self._installation.settings.hl7_port))
        if sender.refused or len(sender.acked_s) < len(due):
            raise RuntimeError(
                f"{sender.refused} messages refused, {len(sender.acked_s)} of {len(due)} answered"
            )
        return sender

    def _figures(self, sender: Sender, reading: Readers, name: str, seconds: float) -> dict[str, float]:
        time.sleep(_SETTLE_S)  # what is still under way may come
        told, broken = reading.told(name)
        lags, lost, frames = [], broken * len(sender.due), 0
        for reached, came in told:
            frames += came
            for one in sender.due:
                at_s = reached.get((one.exam, one.step))
                if at_s is None:
                    lost += 1
                else:
                    lags.append(1000 * (at_s - sender.began_s - one.after_s))
        found = {f"lag_ms_{share}": round(percentile(lags, value), 1) for share, value in _SHARES.items()}
        rest = {"lost": float(lost), "frames_per_s": round(frames / len(told) / seconds, 1)}
        return found | rest | {"cpu_percent": round(sender.cpu_percent["dashboard"], 1)}

    def paint(self, times: int) -> dict[str, float]:
        """Of every page that the bar leads to."""
        installation = self._installation
        config = access_config(installation)
        access = open_access(config)
        try:
            user = User(access.users.all()[0].name, frozenset(Role))
            secret = access.sessions.begin(user, is_local=True)
        finally:
            access.close()
        cookie = (f"radstream-{installation.settings.dashboard_port}", secret)
        paths = {path: name.lower().replace(" ", "_") for path, name, _ in PAGES}
        return figures(paint_ms(installation.dashboard_url, cookie, paths, times))


async def run(data: Path, plan: dict[float, float], paints: int) -> tuple[dict[str, float], dict[str, float]]:
    """Figures of fifty readers, and of one. `plan`: seconds by rate."""
    installation = Installation(with_free_ports(Settings(data=data)))
    ours: dict[str, float] = {}
    alone: dict[str, float] = {}
    async with Supervisor(data, lambda _event: None) as supervisor:
        progress("starting the local stack")
        await start_pipeline(supervisor, installation, on_progress=lambda *_: None, on_step=progress)
        pid = supervisor.state.parts["dashboard"].pid
        assert pid is not None  # noqa: S101 - it is up
        boards = Boards(installation, pid)
        progress(f"{_EXAMS} open exams")
        await asyncio.to_thread(boards.fill)
        for rate, seconds in plan.items():
            for readers, figures_of in ((1, alone), (READERS, ours)):
                progress(f"{readers} readers, {rate:g} messages per second for {seconds:g} s")
                found = await asyncio.to_thread(boards.measure, readers, rate, seconds)
                figures_of |= {f"{name}_{rate:g}": value for name, value in found.items()}
                figures_of[f"load_1_min_{rate:g}"] = round(os.getloadavg()[0], 2)
        progress("opening the pages")
        rate, seconds = 5.0, 25.0 * paints
        sending = asyncio.create_task(asyncio.to_thread(boards.measure, 1, rate, seconds))
        ours |= await asyncio.to_thread(boards.paint, paints)
        await sending
    return ours, alone


def run_all(options: Options) -> Result:
    """Run and make figures of it."""
    plan = {5.0: 5.0} if options.quick else {5.0: 180.0, 20.0: 60.0, 50.0: 60.0}
    with tempfile.TemporaryDirectory(prefix="radstream-bench-") as directory:
        ours, alone = asyncio.run(run(Path(directory), plan, 1 if options.quick else 7))
    return Result(
        benchmark="boards",
        ours=ours,
        peers={"one reader": alone},
        notes=("the last number of a name: messages per second",),
    )


if __name__ == "__main__":
    chosen = parse_options(__doc__)
    report(run_all(chosen), chosen)
