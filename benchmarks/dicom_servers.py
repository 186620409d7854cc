"""The servers that receive images, each a process of its own on a free port, started as its users do."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.listening import wait_for
from runtime.stack.ports import allocate_free_ports

# Without it dcmtk (and Orthanc, which is built on it) waits for delayed acknowledgements, at both ends.
NODELAY = {"TCP_NODELAY": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that runs. processes: pid by what it does; infrastructure: what it stands on."""

    port: int
    ae_title: str
    processes: Mapping[str, int]
    infrastructure: Mapping[str, int]


StartServer = Callable[[Path], AbstractContextManager[Server]]


def cpu_s(pid: int) -> float:
    """User and system of the process and its children, ended ones too; 0 where it is gone."""
    total = 0.0
    for process in _family(pid):
        with suppress(psutil.Error):
            total += sum(
                process.cpu_times()[:4]
            )  # user, system, and the same of children that were waited for
    return total


def rss_mb(pid: int) -> float:
    """Resident memory of the process and its children."""
    total = 0
    for process in _family(pid):
        with suppress(psutil.Error):
            total += process.memory_info().rss
    return total / 2**20


def _family(pid: int) -> Sequence[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


@contextmanager
def orthanc(directory: Path) -> Iterator[Server]:
    """Debian's Orthanc: SQLite, its own storage area with fsync as it is by default, no plugins."""
    port = allocate_free_ports(1)[0]
    config = {
        "Name": "BENCHMARK",
        "StorageDirectory": str(directory / "storage"),
        "IndexDirectory": str(directory / "storage"),
        "Plugins": [],
        "DicomAet": "ORTHANC",
        "DicomPort": port,
        "DicomAlwaysAllowStore": True,
        "HttpServerEnabled": False,
        "OverwriteInstances": False,
    }
    path = directory / "orthanc.json"
    path.write_text(json.dumps(config))
    with _process(("Orthanc", str(path)), directory, port) as pid:
        yield _peer(port, pid, "ORTHANC")


@contextmanager
def storescp(directory: Path) -> Iterator[Server]:
    """dcmtk's storescp, a process for each association: a data set goes to its file as it comes."""
    port = allocate_free_ports(1)[0]
    (directory / "storage").mkdir()
    command = ("storescp", "--fork", "+B", "-od", str(directory / "storage"), "-aet", "STORESCP", str(port))
    with _process(command, directory, port) as pid:
        yield _peer(port, pid, "STORESCP")


@contextmanager
def pynetdicom_scp(directory: Path) -> Iterator[Server]:
    """A plain SCP as pynetdicom's documentation shows it."""
    port = allocate_free_ports(1)[0]
    (directory / "storage").mkdir()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve_pynetdicom, args=(port, directory / "storage")
    )
    process.start()
    try:
        wait_for(port)
        yield _peer(port, process.pid or 0, "PYNETDICOM")
    finally:
        process.terminate()
        process.join()


def _serve_pynetdicom(port: int, directory: Path) -> None:
    from pynetdicom import AE, AllStoragePresentationContexts, evt  # noqa: PLC0415 - for this process alone

    def on_store(event: Any) -> int:
        data_set = event.dataset
        data_set.file_meta = event.file_meta
        data_set.save_as(directory / f"{data_set.SOPInstanceUID}.dcm", enforce_file_format=True)
        return 0x0000

    entity = AE(ae_title="PYNETDICOM")
    entity.supported_contexts = AllStoragePresentationContexts
    entity.start_server(("127.0.0.1", port), evt_handlers=[(evt.EVT_C_STORE, on_store)])


PEERS: Mapping[str, StartServer] = {
    "Orthanc": orthanc,
    "dcmtk storescp": storescp,
    "pynetdicom": pynetdicom_scp,
}


def _peer(port: int, pid: int, ae_title: str) -> Server:
    return Server(port=port, ae_title=ae_title, processes={"server": pid}, infrastructure={})


@contextmanager
def _process(command: Sequence[str], directory: Path, port: int) -> Iterator[int]:
    with (
        (directory / "server.log").open("wb") as log,
        subprocess.Popen(command, env={**os.environ, **NODELAY}, stdout=log, stderr=log) as process,
    ):
        try:
            wait_for(port)
            yield process.pid
        finally:
            process.terminate()
