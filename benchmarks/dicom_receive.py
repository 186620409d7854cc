"""Images received: CT slices of 525 KB over 1, 4 and 8 associations, beside Orthanc, storescp and pynetdicom.

The sender is dcmtk's storescu, one process for each association with its share of the slices. Ours is the
installation's own listener (and archiver) with Kafka, registry and object store of its own; a slice counts
when it is answered with success, `archived` when the object store has it and Kafka its event. Each server is
a process of its own with `TCP_NODELAY=1`, gets slices that it has never seen, and is asked in random order,
round after round; figures are medians. Orthanc keeps its defaults: SQLite, and fsync of each file.

CPU is the server process's with its children: for ours, listener and archiver together; `stores` are Kafka,
registry and object store. `others_cpu_percent` is what ran on the machine beside senders, server and stores.

`--memory N` sends N slices of 64 x 64 (8 KB) instead, and says how the resident memory went.
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from benchmarks.dicom_installation import Running, running
from benchmarks.dicom_load import Costs, Meter, peak_memory, storescu
from benchmarks.dicom_memory import measure_memory
from benchmarks.dicom_servers import PEERS, Server
from benchmarks.dicom_slices import Slices
from benchmarks.harness import Options, Result, option_parser, options_of, progress, report

ASSOCIATIONS = (1, 4, 8)
_OURS = "radstream"
_TOOLS = ("storescu", "storescp", "Orthanc")
_SEED = 5
_WARM_UP = 20
# What an installation that keeps up with nothing may take for each slice.
_ARCHIVE_S = 1.0

Figures = dict[str, float]


def received(server: Server, slices: Slices, associations: int) -> tuple[Meter, Costs]:
    """One load. Raises RuntimeError where a slice is refused."""
    slices.renew()
    meter = Meter(server)
    storescu(server, slices.files, associations)
    return meter, meter.costs()


def figures_of(costs: Costs, slices: Slices, associations: int) -> Figures:
    """What every server has."""
    count, cpu_s = len(slices.files), sum(costs.cpu_s.values())
    return {
        f"instances_per_s_{associations}": count / costs.seconds,
        f"mb_per_s_{associations}": slices.size_mb / costs.seconds,
        f"server_cpu_ms_{associations}": 1000 * cpu_s / count,
        f"others_cpu_percent_{associations}": costs.others_percent,
    }


def measure_peer(name: str, slices: Slices, associations: int, directory: Path) -> Figures:
    """A peer that is started anew, on an empty directory that is removed after."""
    place = Path(tempfile.mkdtemp(dir=directory))
    try:
        with PEERS[name](place) as server:
            _warm_up(server, slices)
            _, costs = received(server, slices, associations)
    finally:
        shutil.rmtree(place)
    return figures_of(costs, slices, associations)


def measure_ours(ours: Running, slices: Slices, associations: int) -> Figures:
    """Our figures, and those of the way into the object store."""
    server, count = ours.server, len(slices.files)
    before = ours.events()
    with peak_memory(server) as peaks:
        meter, costs = received(server, slices, associations)
        ours.await_events(before + count, _ARCHIVE_S * count + 60)
        archived = meter.costs()
    figures = figures_of(costs, slices, associations)
    # The archiver works on after the last answer: its CPU is that of all of its work.
    figures[f"server_cpu_ms_{associations}"] = 1000 * sum(archived.cpu_s.values()) / count
    for name, cpu_s in archived.cpu_s.items():
        figures[f"{_figure(name)}_cpu_ms_{associations}"] = 1000 * cpu_s / count
    figures |= {
        f"stores_cpu_ms_{associations}": 1000 * archived.infrastructure_cpu_s / count,
        f"archived_after_s_{associations}": archived.seconds,
        f"archived_per_s_{associations}": count / archived.seconds,
    }
    return figures | {f"{_figure(name)}_peak_rss_mb_{associations}": peak for name, peak in peaks.items()}


def _figure(process: str) -> str:
    return "listener" if process == "dicom" else process.removeprefix("dicom-").replace("-", "_")


def _warm_up(server: Server, slices: Slices) -> None:
    slices.renew()
    storescu(server, slices.files[:_WARM_UP], 1)


async def measure_all(options: Options, directory: Path) -> Mapping[str, Figures]:
    """Every server's figures by name: the median of its rounds."""
    slices = Slices(_made(directory / "slices"), 200 if options.quick else 2_000)
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    progress("starting Kafka, the schema registry, the object store and the listener")
    async with running(_made(directory / "radstream")) as ours:
        await asyncio.to_thread(_warm_up, ours.server, slices)
        order = Random(_SEED)
        for number in range(1 if options.quick else 3):
            for associations in order.sample(ASSOCIATIONS, len(ASSOCIATIONS)):
                for name in order.sample([_OURS, *PEERS], 1 + len(PEERS)):
                    figures = await asyncio.to_thread(_one, name, ours, slices, associations, directory)
                    _note(found[name], figures)
                    progress(f"  round {number + 1}, {associations} x {name}: {_short(figures)}")
        await asyncio.to_thread(_check_objects, ours)
    return {name: _medians(figures) for name, figures in found.items()}


def _one(name: str, ours: Running, slices: Slices, associations: int, directory: Path) -> Figures:
    if name == _OURS:
        return measure_ours(ours, slices, associations)
    return measure_peer(name, slices, associations, directory)


def _short(figures: Figures) -> str:
    by_name = {name.rpartition("_")[0]: figure for name, figure in figures.items()}
    return f"{by_name['instances_per_s']:.0f}/s, {by_name['server_cpu_ms']:.2f} ms CPU each"


def _check_objects(ours: Running) -> None:
    """Kafka's word is not enough."""
    events, objects = ours.events(), ours.images()
    if objects < events:
        raise RuntimeError(f"{events} events of images, but {objects} objects")


def _note(found: dict[str, list[float]], figures: Figures) -> None:
    for name, figure in figures.items():
        found[name].append(figure)


def _medians(found: Mapping[str, Sequence[float]]) -> Figures:
    by_associations = sorted(found, key=lambda name: int(name.rpartition("_")[2]))
    return {name: round(statistics.median(found[name]), 2) for name in by_associations}


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory


def measure(options: Options) -> Result:
    """Ours and the peers, and ours as a multiple of Orthanc."""
    with tempfile.TemporaryDirectory(prefix="radstream-bench-") as directory:
        found = asyncio.run(measure_all(options, Path(directory)))
    ours = found[_OURS]
    peers = {name: found[name] for name in PEERS}
    orthanc = peers["Orthanc"]
    times = ((n, ours[f"instances_per_s_{n}"] / orthanc[f"instances_per_s_{n}"]) for n in ASSOCIATIONS)
    multiples = ", ".join(f"{multiple:.2f} x at {number}" for number, multiple in times)
    return Result(
        benchmark="dicom_receive",
        ours=ours,
        peers=peers,
        notes=(f"instances per second, as a multiple of Orthanc's: {multiples} associations",),
    )


def main() -> None:
    """From the command line."""
    parser = option_parser(__doc__)
    parser.add_argument(
        "--memory", type=int, default=0, metavar="N", help="N small images, for the memory's sake"
    )
    given = parser.parse_args()
    options = options_of(given)
    if missing := [tool for tool in _TOOLS if shutil.which(tool) is None]:
        parser.error(f"{', '.join(missing)} not found: Debian's packages dcmtk and orthanc have them")
    report(measure_memory(given.memory) if given.memory else measure(options), options)


if __name__ == "__main__":
    main()
