"""What every benchmark shares: its two options, the machine's description, progress, and the last line.

A benchmark runs by itself and starts what it needs. `--quick` ends within a minute; `--json` prints one
object on the last line: `benchmark`, `ours`, `peers`, `ratios` (each peer's cost divided by ours: above 1,
we are cheaper) and `machine`. Progress goes to standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

_PROGRESS = Console(stderr=True, highlight=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a benchmark was asked to run."""

    quick: bool
    as_json: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a benchmark found. `ours` and each peer: figure by name, the unit in the name; lower is better.

    columns: the ends of figures' names that stand side by side in the table, where there are no peers.
    """

    benchmark: str
    ours: Mapping[str, float]
    peers: Mapping[str, Mapping[str, float]]
    notes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    def ratios(self) -> dict[str, dict[str, float]]:
        """Each peer's figure divided by ours, for the figures that both have."""
        return {
            peer: {name: round(figures[name] / self.ours[name], 2) for name in figures if self.ours.get(name)}
            for peer, figures in self.peers.items()
        }


def parse_options(description: str | None, arguments: list[str] | None = None) -> Options:
    """The options of the command line."""
    return options_of(option_parser(description).parse_args(arguments))


def option_parser(description: str | None) -> argparse.ArgumentParser:
    """A parser of the two options, for benchmarks that add their own."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="less than a minute, less exact")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    return parser


def options_of(given: argparse.Namespace) -> Options:
    """The two options."""
    return Options(quick=given.quick, as_json=given.json)


def progress(text: str) -> None:
    """Say what is being done now."""
    _PROGRESS.print(f"[dim]{text}[/dim]")


def cpu_us_per_call(call: Callable[[], object], *, seconds: float, rounds: int = 5) -> float:
    """CPU microseconds of this process per call: the median of `rounds`, which share `seconds`."""
    calls = 1
    while _cpu_s(call, calls) < 0.01:  # the clock's step must not count
        calls *= 2
    one = _cpu_s(call, calls) / calls
    calls = max(calls, int(seconds / rounds / one))
    return round(statistics.median(_cpu_s(call, calls) / calls for _ in range(rounds)) * 1e6, 2)


def _cpu_s(call: Callable[[], object], calls: int) -> float:
    start = time.process_time()
    for _ in range(calls):
        call()
    return time.process_time() - start


def machine() -> dict[str, Any]:
    """Where the figures come from: processor, memory, system, Python, and how busy it was."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_1_min": round(os.getloadavg()[0], 2),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def report(result: Result, options: Options) -> None:
    """A table for people, or the object for programs."""
    if options.as_json:
        found = {
            "benchmark": result.benchmark,
            "ours": dict(result.ours),
            "peers": {peer: dict(figures) for peer, figures in result.peers.items()},
            "ratios": result.ratios(),
            "machine": machine(),
        }
        sys.stdout.write(json.dumps(found) + "\n")
        return
    Console(highlight=False).print(_table(result), *result.notes, _machine_text(), sep="\n")


def _table(result: Result) -> Table:
    return _pivoted(result) if result.columns else _beside_peers(result)


def _pivoted(result: Result) -> Table:
    """One line for all figures whose names differ in their end only."""
    table = Table(title=result.benchmark, title_justify="left")
    table.add_column("figure")
    for column in result.columns:
        table.add_column(column, justify="right")
    for name in dict.fromkeys(figure.rpartition("_")[0] for figure in result.ours):
        found = [result.ours.get(f"{name}_{column}") for column in result.columns]
        table.add_row(name, *("" if figure is None else f"{figure:,.1f}" for figure in found))
    return table


def _beside_peers(result: Result) -> Table:
    table = Table(title=result.benchmark, title_justify="left")
    table.add_column("figure")
    table.add_column("radstream", justify="right")
    for peer in result.peers:
        table.add_column(peer, justify="right")
    ratios = result.ratios()
    for name, figure in result.ours.items():
        cells = [_cell(result.peers[peer].get(name), ratios[peer].get(name)) for peer in result.peers]
        table.add_row(name, f"{figure:,.2f}", *cells)
    return table


def _cell(figure: float | None, ratio: float | None) -> str:
    return "" if figure is None else f"{figure:,.2f}" + (f" (x{ratio:.2f})" if ratio else "")


def _machine_text() -> str:
    here = machine()
    return (
        f"{here['processor']}, {here['cores']} cores, {here['memory_gb']} GB, {here['system']}, "
        f"Python {here['python']}, load {here['load_1_min']}"
    )
