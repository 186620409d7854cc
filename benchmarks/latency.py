"""From an HL7 message to the board: how long until a page is told of it, and where the time goes.

The whole local stack on free ports: MLLP listener, Kafka, fold, dashboard and all the others. Messages are
sent when they are due (open loop, 8 connections) at 1, 50 and 200 per second: the course of exams from the
order to the final report, a new patient for each exam. Each is timed from when it was due to when

    ack    the listener answered AA
    log    its event came to a consumer of radstream.events.v1
    row    the exam's row with it came to a consumer of radstream.worklist.v1
    board  the frame with it came to a client of the dashboard's server-sent events

`sent_late_ms` is how much later than due its last byte was written: included in all the others. `cpu_percent`
is of one core, by process, while messages are sent; `idle`: while none are. There is no peer that does this.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.harness import Options, Result, parse_options, progress, report
from benchmarks.latency_probe import Probe, Seen, measure
from benchmarks.latency_sender import CpuMeter
from runtime.dashboard_access import program_token
from runtime.installation import Installation
from runtime.pipeline import start_pipeline, with_free_ports
from runtime.settings import Settings
from runtime.stack.supervisor import Supervisor

RATES_PER_S = (1, 50, 200)
_SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_IDLE_S = 10.0


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of them did not exceed."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else float("nan")


def figures_of(seen: Seen, rate: int) -> dict[str, float]:
    """Percentiles of each place. Raises RuntimeError where a message was refused or its change never seen."""
    if seen.missing or seen.refused:
        raise RuntimeError(f"at {rate}/s {seen.missing} messages were not seen, {seen.refused} refused")
    places = {"ack": seen.ack_ms, "log": seen.log_ms, "row": seen.row_ms, "board": seen.board_ms}
    found = {
        f"{place}_ms_{name}_{rate}": round(percentile(times, share), 1)
        for place, times in places.items()
        for name, share in _SHARES.items()
    }
    return found | {f"sent_late_ms_p99_{rate}": round(percentile(seen.sent_ms, 0.99), 1)}


async def run(data: Path, seconds: float, idle_s: float) -> dict[str, float]:
    """Figures of all rates, each sent for `seconds`."""
    installation = Installation(with_free_ports(Settings(data=data)))
    figures: dict[str, float] = {}
    async with Supervisor(data, lambda _event: None) as supervisor:
        progress("starting the local stack")
        await start_pipeline(supervisor, installation, on_progress=lambda *_: None, on_step=progress)
        pids = {name: part.pid for name, part in supervisor.state.parts.items() if part.pid is not None}
        progress("warming up")
        await asyncio.to_thread(measure, _probe(installation, 20, 5, pids))
        meter = CpuMeter(pids)
        await asyncio.sleep(idle_s)
        figures |= _cpu(meter.percent(), "idle")
        for rate in RATES_PER_S:
            progress(f"{rate} messages per second for {seconds:g} s")
            seen = await asyncio.to_thread(measure, _probe(installation, rate, seconds, pids))
            figures |= figures_of(seen, rate) | _cpu(seen.cpu_percent, str(rate))
    return figures


def _cpu(percent: Mapping[str, float], when: str) -> dict[str, float]:
    found = {f"cpu_percent_{name}_{when}": round(used, 1) for name, used in percent.items()}
    return found | {f"load_1_min_{when}": round(os.getloadavg()[0], 2)}


def _probe(installation: Installation, rate: float, seconds: float, pids: Mapping[str, int]) -> Probe:
    settings = installation.settings
    return Probe(
        hl7_port=settings.hl7_port,
        dashboard_url=installation.dashboard_url,
        dashboard_token=program_token(installation, "benchmark"),
        kafka_bootstrap=installation.kafka_bootstrap,
        registry_url=installation.registry_url,
        pids=dict(pids),
        rate_per_s=rate,
        seconds=seconds,
    )


def run_all(options: Options) -> Result:
    """Run and make figures of it."""
    with tempfile.TemporaryDirectory(prefix="radstream-bench-") as directory:
        seconds, idle_s = (8.0, 3.0) if options.quick else (60.0, _IDLE_S)
        figures = asyncio.run(run(Path(directory), seconds, idle_s))
    return Result(
        benchmark="latency",
        ours=figures,
        peers={},
        columns=("idle", *map(str, RATES_PER_S)),
        notes=(f"columns: messages per second, each for {seconds:g} s",),
    )


if __name__ == "__main__":
    chosen = parse_options(__doc__)
    report(run_all(chosen), chosen)
