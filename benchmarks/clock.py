"""Wall time and processor time by row, of a client and its ClickHouse."""

from __future__ import annotations

import time

import psutil


class Clock:
    """Wall time, and the CPU of a process and of ClickHouse, since it was made."""

    def __init__(self, process: psutil.Process, server: psutil.Process) -> None:
        self._processes = (process, server)
        self._began_s, self._cpu_s = time.monotonic(), [_cpu_s(one) for one in self._processes]

    def figures(self, rows: int) -> dict[str, float]:
        """By row."""
        wall_s = time.monotonic() - self._began_s
        own_s, server_s = (_cpu_s(one) - at for one, at in zip(self._processes, self._cpu_s, strict=True))
        return {
            "wall_us_per_row": round(wall_s / rows * 1e6, 2),
            "cpu_us_per_row": round(own_s / rows * 1e6, 2),
            "clickhouse_cpu_us_per_row": round(server_s / rows * 1e6, 2),
            "cpu_us_per_row_of_both": round((own_s + server_s) / rows * 1e6, 2),
            "rows_per_s": round(rows / wall_s),
        }


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
