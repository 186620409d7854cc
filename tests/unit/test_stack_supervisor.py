"""The supervisor, with real child processes: restarts, order of stopping, and nothing left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from runtime.stack.control import stop_running_stack
from runtime.stack.errors import AlreadyRunning, PartFailed, StackError
from runtime.stack.events import EventKind, StackEvent
from runtime.stack.logs import ROTATE_ABOVE_BYTES
from runtime.stack.part import Part
from runtime.stack.state import read_state, running_state
from runtime.stack.supervisor import Supervisor

# Says when it serves and when it was asked to stop, in files named after it.
SERVER = """
import pathlib, signal, sys, time
here = pathlib.Path(sys.argv[1])
def stop(*_):
    (here / "stopped").write_text(str(time.monotonic_ns()))
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("serving", flush=True)
(here / "ready").write_text(str(time.monotonic_ns()))
while True:
    time.sleep(0.01)
"""
STUBBORN = SERVER.replace("sys.exit(0)", "return")
BROKEN = "import sys; print('the reason is written here', flush=True); sys.exit(3)"

Body = Callable[[Supervisor, list[StackEvent]], Awaitable[None]]


def server(tmp_path: Path, name: str, *, script: str = SERVER, **fields: Any) -> Part:
    """A part that is ready once its script has said so."""
    here = tmp_path / f"part-{name}"
    here.mkdir(exist_ok=True)

    def prepare() -> None:
        (here / "ready").unlink(missing_ok=True)

    return Part(
        name=name,
        command=(sys.executable, "-c", script, str(here)),
        ready=(here / "ready").exists,
        prepare=prepare,
        **{"ready_timeout_s": 60.0, **fields},
    )


def supervise(data: Path, body: Body) -> list[StackEvent]:
    """Runs `body` within a supervisor; all that happened."""
    events: list[StackEvent] = []

    async def main() -> None:
        async with Supervisor(data, events.append) as supervisor:
            await body(supervisor, events)

    asyncio.run(main())
    return events


async def until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Waits for something that happens elsewhere."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.01)


def kinds(events: list[StackEvent], part: str) -> list[str]:
    return [event.kind.value for event in events if event.part == part]


def test_a_part_killed_by_kill_9_is_restarted_at_once_and_the_event_tells_the_signal(tmp_path: Path) -> None:
    async def body(supervisor: Supervisor, events: list[StackEvent]) -> None:
        await supervisor.start([server(tmp_path, "a")])
        first = supervisor.state.parts["a"]
        assert first.pid is not None
        os.kill(first.pid, signal.SIGKILL)
        await until(lambda: kinds(events, "a").count("ready") == 2)
        again = supervisor.state.parts["a"]
        assert (again.restarts, again.state) == (1, "ready")
        assert again.pid != first.pid

    events = supervise(tmp_path / "data", body)
    assert kinds(events, "a") == ["started", "ready", "died", "restarted", "ready", "stopped"]
    assert next(event.signal for event in events if event.kind is EventKind.DIED) == "SIGKILL"


def test_what_happens_is_in_the_supervisors_log_and_output_in_the_parts_log(tmp_path: Path) -> None:
    async def body(supervisor: Supervisor, _events: list[StackEvent]) -> None:
        await supervisor.start([server(tmp_path, "a")])

    for _ in range(2):
        supervise(tmp_path / "data", body)
    logs = tmp_path / "data" / "logs"
    assert (logs / "a.log").read_text() == "serving\nserving\n"
    lines = [json.loads(line) for line in (logs / "supervisor.log").read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["started", "ready", "stopped"] * 2


def test_a_log_that_has_grown_too_large_is_rotated_at_the_next_start(tmp_path: Path) -> None:
    log = tmp_path / "data" / "logs" / "a.log"
    log.parent.mkdir(parents=True)
    log.write_bytes(b"x" * (ROTATE_ABOVE_BYTES + 1))

    async def body(supervisor: Supervisor, _events: list[StackEvent]) -> None:
        await supervisor.start([server(tmp_path, "a")])

    supervise(tmp_path / "data", body)
    assert log.read_text() == "serving\n"
    assert log.with_name("a.log.1").stat().st_size == ROTATE_ABOVE_BYTES + 1


def test_tiers_start_upwards_and_stop_downwards(tmp_path: Path) -> None:
    parts = [server(tmp_path, name, tier=tier) for name, tier in (("app", 2), ("kafka", 0), ("registry", 1))]

    async def body(supervisor: Supervisor, _events: list[StackEvent]) -> None:
        await supervisor.start(parts)

    events = supervise(tmp_path / "data", body)
    ready = [event.part for event in events if event.kind is EventKind.READY]
    stopped = [event.part for event in events if event.kind is EventKind.STOPPED]
    assert ready == ["kafka", "registry", "app"]
    assert stopped == ["app", "registry", "kafka"]
    asked = [int((tmp_path / f"part-{name}" / "stopped").read_text()) for name in stopped]
    assert asked == sorted(asked)


def test_parts_of_one_tier_start_and_stop_at_the_same_time(tmp_path: Path) -> None:
    together = """
def together(deed):
    (here / deed).touch()
    while len(list(here.parent.glob("part-*/" + deed))) < 3:
        time.sleep(0.01)
"""
    # Each begins to serve, and ends, once all three were told to: one after the other none ever would.
    script = SERVER.replace("def stop", together + "def stop", 1)
    script = script.replace('print("serving"', 'together("starting"); print("serving"')
    script = script.replace("    sys.exit(0)", '    together("stopping"); sys.exit(0)')
    parts = [server(tmp_path, name, script=script, stop_grace_s=60.0) for name in ("a", "b", "c")]

    async def body(supervisor: Supervisor, _events: list[StackEvent]) -> None:
        await supervisor.start(parts)

    events = supervise(tmp_path / "data", body)
    assert [event.kind for event in events[:3]] == [EventKind.STARTED] * 3
    stopped = [event for event in events if event.kind is EventKind.STOPPED]
    assert [event.signal for event in stopped] == [None] * 3


def test_a_part_that_ignores_sigterm_is_killed_when_its_grace_is_over(tmp_path: Path) -> None:
    async def body(supervisor: Supervisor, _events: list[StackEvent]) -> None:
        await supervisor.start([server(tmp_path, "a", script=STUBBORN, stop_grace_s=0.5)])
        began = time.monotonic()
        await supervisor.stop()
        assert 0.5 <= time.monotonic() - began < 20.0

    events = supervise(tmp_path / "data", body)
    assert (events[-1].kind, events[-1].signal) == (EventKind.STOPPED, "SIGKILL")
    assert (tmp_path / "part-a" / "stopped").exists()


def test_stubborn_parts_in_every_tier_are_gone_before_the_grace_of_one_is_over(tmp_path: Path) -> None:
    parts = [server(tmp_path, f"p{tier}", script=STUBBORN, tier=tier, stop_grace_s=30.0) for tier in range(3)]

    async def body(supervisor: Supervisor, _events: list[StackEvent]) -> None:
        await supervisor.start(parts)
        began = time.monotonic()
        await supervisor.stop()
        assert time.monotonic() - began < 30.0  # which is the grace of a single one

    assert len(supervise(tmp_path / "data", body)) == 9


def test_a_crash_loop_ends_in_an_error_with_the_logs_last_lines_and_path(tmp_path: Path) -> None:
    async def body(supervisor: Supervisor, _events: list[StackEvent]) -> None:
        await supervisor.start([Part(name="a", command=(sys.executable, "-c", BROKEN), ready=lambda: False)])

    with pytest.raises(PartFailed) as caught:
        supervise(tmp_path / "data", body)
    message = str(caught.value)
    assert "a died 5 times without getting ready" in message
    assert "the reason is written here" in message
    assert str(tmp_path / "data" / "logs" / "a.log") in message


def test_a_part_that_does_not_get_ready_in_time_is_an_error(tmp_path: Path) -> None:
    part = Part(
        name="a",
        command=(sys.executable, "-c", "import time; print('still thinking', flush=True); time.sleep(60)"),
        ready=lambda: False,
        ready_timeout_s=1.0,
    )

    async def body(supervisor: Supervisor, _events: list[StackEvent]) -> None:
        await supervisor.start([part])

    with pytest.raises(PartFailed, match=r"(?s)a is not ready after 1 s.*still thinking"):
        supervise(tmp_path / "data", body)


def test_a_part_that_fails_later_ends_the_waiting_with_its_error(tmp_path: Path) -> None:
    refusals: list[bool] = []

    def prepare() -> None:
        if refusals:
            raise StackError("the disk is gone: put it back")
        refusals.append(True)

    command = (sys.executable, "-c", "import time; time.sleep(60)")

    async def body(supervisor: Supervisor, _events: list[StackEvent]) -> None:
        await supervisor.start([Part(name="a", command=command, prepare=prepare)])
        pid = supervisor.state.parts["a"].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await supervisor.wait(asyncio.Event())

    with pytest.raises(PartFailed, match="the disk is gone: put it back"):
        supervise(tmp_path / "data", body)


def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    async def body(supervisor: Supervisor, _events: list[StackEvent]) -> None:
        await supervisor.start([Part(name="a", command=("/no/such/program",), ready=lambda: False)])

    with pytest.raises(PartFailed, match="cannot run /no/such/program: No such file"):
        supervise(tmp_path / "data", body)


def test_a_once_part_may_end_and_is_not_restarted(tmp_path: Path) -> None:
    async def body(supervisor: Supervisor, _events: list[StackEvent]) -> None:
        await supervisor.start([Part(name="a", command=(sys.executable, "-c", "print('done')"), once=True)])
        assert await supervisor.wait_ended("a") == 0

    events = supervise(tmp_path / "data", body)
    assert kinds(events, "a")[-1] == "stopped"
    assert "died" not in kinds(events, "a")


def test_an_awaitable_probe_is_awaited(tmp_path: Path) -> None:
    asked: list[bool] = []

    async def probe() -> bool:
        await asyncio.sleep(0)
        asked.append(True)
        return len(asked) > 2

    async def body(supervisor: Supervisor, _events: list[StackEvent]) -> None:
        command = (sys.executable, "-c", "import time; time.sleep(60)")
        await supervisor.start([Part(name="a", command=command, ready=probe)])

    supervise(tmp_path / "data", body)
    assert len(asked) == 3


def test_a_stopped_part_takes_its_own_children_along(tmp_path: Path) -> None:
    parent = SERVER.replace("print(", "import subprocess; subprocess.Popen(['sleep', '61.5']); print(", 1)

    async def body(supervisor: Supervisor, _events: list[StackEvent]) -> None:
        await supervisor.start([server(tmp_path, "a", script=parent)])
        assert _sleepers("61.5")

    supervise(tmp_path / "data", body)
    assert not _sleepers("61.5")


def test_the_state_file_tells_what_runs_and_is_gone_after_the_stop(tmp_path: Path) -> None:
    data = tmp_path / "data"

    async def body(supervisor: Supervisor, _events: list[StackEvent]) -> None:
        await supervisor.start([server(tmp_path, "a", ports={"web": 1234})])
        supervisor.publish({"web": "http://127.0.0.1:1234"})
        state = running_state(data)
        assert state is not None
        assert state.endpoints == {"web": "http://127.0.0.1:1234"}
        assert state.parts["a"].ports == {"web": 1234}
        assert state.parts["a"].pid is not None
        assert psutil.pid_exists(state.parts["a"].pid)

    supervise(data, body)
    assert read_state(data) is None


def test_a_second_supervisor_on_the_same_directory_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    data = tmp_path / "data"

    async def body(supervisor: Supervisor, events: list[StackEvent]) -> None:
        await supervisor.start([server(tmp_path, "a")])
        with pytest.raises(AlreadyRunning, match=str(os.getpid())):
            async with Supervisor(data, events.append):
                pass
        assert running_state(data) is not None

    assert kinds(supervise(data, body), "a") == ["started", "ready", "stopped"]


# A supervisor in a process of its own, as the command line runs it.
SUPERVISOR = """
import asyncio, pathlib, signal, sys
from runtime.stack.part import Part
from runtime.stack.supervisor import Supervisor

async def main(data):
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Supervisor(data, lambda event: None) as supervisor:
        await supervisor.start([Part(name="a", command=("sleep", "62.5"))])
        print(supervisor.state.parts["a"].pid, flush=True)
        await supervisor.wait(stop)

asyncio.run(main(pathlib.Path(sys.argv[1])))
"""


def start_supervisor(data: Path) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SUPERVISOR), str(data)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout as output:
        return process, int(output.readline())


def test_parts_do_not_outlive_a_supervisor_killed_by_kill_9_and_the_next_start_works(tmp_path: Path) -> None:
    data = tmp_path / "data"
    process, part_pid = start_supervisor(data)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 60
    while _is_running(part_pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert running_state(data) is None

    async def body(supervisor: Supervisor, _events: list[StackEvent]) -> None:
        await supervisor.start([server(tmp_path, "a")])

    assert kinds(supervise(data, body), "a") == ["started", "ready", "stopped"]


def test_a_running_stack_is_stopped_from_another_process(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert stop_running_stack(data) is False
    process, part_pid = start_supervisor(data)
    assert stop_running_stack(data) is True
    assert process.wait(60) == 0
    assert not _is_running(part_pid)


def _is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _sleepers(duration: str) -> list[int]:
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if process.info["cmdline"] == ["sleep", duration] and _is_running(process.pid)
    ]
