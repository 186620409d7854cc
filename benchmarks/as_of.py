"""How long the dashboard takes to tell of an instant, at a site of 150,000 exams a year.

A year of events, rows and forecasts lies in the engine: one day of the simulated department, once for each
day, with ids and times of its own. The dashboard's own code (dashboards/as_of) asks and folds: the first
board of a day, another instant of it, what was measured by then, and the day as frames. Beside them, as the
peer, what an event store without such views does, for the last weeks of the log alone: every event is read
and folded. Wanted: a board within two seconds. `--quick`: a tenth of a year.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import orjson
import structlog

from benchmarks.as_of_log import EXAMS_A_DAY, FIRST_DAY, fill
from benchmarks.engine_alone import DATABASE, PASSWORD, USER, engine_alone
from benchmarks.harness import Result, parse_options, progress, report
from dashboards.access.config import AccessConfig
from dashboards.analytics import Analytics
from dashboards.as_of import sql
from dashboards.as_of.instant import AsOf, Sense
from dashboards.as_of.past import Past
from dashboards.as_of.playback import STEP, Cards
from dashboards.as_of.reading import histories
from dashboards.config import DashboardConfig
from dashboards.department import Clock
from dashboards.listening import ListenerConfig
from dashboards.patients import Patients
from runtime.exam_as_of import folding

DAYS, QUICK_DAYS, PEER_DAYS = 365, 36, 18
_TARGETS = Path(__file__).parent.parent / "deploy" / "targets.toml"
FOLDING = folding(_TARGETS, 300.0, 7_305)
_WHOLE = """
SELECT event_id, exam_id, event_type, occurred_at, recorded_at, site, patient_key, corrects, payload,
       phi_key_id, hex(phi_nonce) AS nonce, hex(phi_ciphertext) AS ciphertext
FROM events FINAL
WHERE exam_id IN (SELECT exam_id FROM events GROUP BY exam_id
                  HAVING min(recorded_at) >= {first:DateTime64(6, 'UTC')}
                     AND min(recorded_at) < {last:DateTime64(6, 'UTC')})
  AND recorded_at <= {until:DateTime64(6, 'UTC')}
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and return the exit code."""
    options = parse_options(__doc__, None if arguments is None else list(arguments))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    days = QUICK_DAYS if options.quick else DAYS
    with (
        tempfile.TemporaryDirectory(prefix="radstream-bench-") as directory,
        engine_alone(Path(directory) / "clickhouse") as (url, client, _),
    ):
        events = fill(client, days)
        forecasts = int(client.query("SELECT count() FROM predictions").result_rows[0][0])
        ours, peer = asyncio.run(measure(url, days))
    notes = (f"{days * EXAMS_A_DAY} exams, {events} events, {forecasts} forecasts",)
    report(
        Result(benchmark="as_of", ours=ours, peers={f"fold of {PEER_DAYS} days": peer}, notes=notes), options
    )
    return 0


async def measure(url: str, days: int) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds by what was asked for: ours, and the peer's."""
    config = _config(url)
    found: dict[str, float] = {}
    peer: dict[str, float] = {}
    noon = FIRST_DAY - timedelta(days=days // 2) + timedelta(hours=12)
    for sense in Sense:
        analytics = Analytics(config)
        past = Past(analytics, Clock(config.now, 1.0), FOLDING)
        with _timed(found, f"{sense}_first_board_s"):
            board = await past.board(AsOf(noon, sense))
        with _timed(found, f"{sense}_another_instant_s"):
            await past.board(AsOf(noon + timedelta(hours=3), sense))
        with _timed(found, f"{sense}_measured_of_the_day_s"):
            await past.turnaround(AsOf(noon, sense))
        with _timed(found, f"{sense}_day_as_frames_s"):
            day = await past.day(AsOf(noon, sense))
            cards = Cards(Patients(None))
            last = AsOf(day.loaded_until - timedelta(microseconds=1), sense)
            frames = [cards.frame(one) for one in await past.frames(last, STEP, noon)]
        size_kb = len(orjson.dumps(frames)) // 1024
        progress(f"{sense}: {len(board.board)} exams on the board, {len(frames)} frames of {size_kb} kB")
        with _timed(peer, f"{sense}_first_board_s"):
            await _whole_log(analytics, AsOf(noon, sense))
        analytics.close()
    return found, peer


async def _whole_log(analytics: Analytics, as_of: AsOf) -> int:
    """Every exam that became known in the weeks before, in parts: one answer would take too long."""
    boarded, first = 0, as_of.at - timedelta(days=PEER_DAYS)
    while first < as_of.at:
        asked = {**sql.parameters(as_of, FOLDING), "first": first, "last": first + timedelta(days=6)}
        rows = await analytics.ask(_WHOLE, asked)
        for exam in histories(rows, as_of.sense, FOLDING).values():
            boarded += exam.known(as_of.at).row is not None
        first += timedelta(days=6)
    return boarded


@contextmanager
def _timed(found: dict[str, float], name: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    found[name] = round(time.perf_counter() - began, 3)


def _config(url: str) -> DashboardConfig:
    return DashboardConfig(
        listener=ListenerConfig(host="127.0.0.1", port=0),
        kafka_bootstrap="",
        registry_url="",
        clickhouse_url=url,
        clickhouse_user=USER,
        clickhouse_password=PASSWORD,
        clickhouse_database=DATABASE,
        site="GENERAL",
        now=lambda: FIRST_DAY + timedelta(days=3),
        access=AccessConfig(database=Path("unused")),
    )


if __name__ == "__main__":
    sys.exit(main())
