"""Debian's Orthanc as a DICOM system of somebody else: a process of its own, driven by its REST interface."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.stack.ports import allocate_free_ports

AE_TITLE = "ORTHANC"
_START_S = 30.0
_TIMEOUT_S = 60.0
_US = "radstream"


@dataclass(frozen=True, slots=True)
class Orthanc:
    """Where it listens, and what it can be asked to do with us."""

    dicom_port: int
    http_port: int

    def upload(self, file: bytes) -> str:
        """Give it an image: its id there."""
        return str(self._ask("/instances", file)["ID"])

    def echo(self) -> None:
        """C-ECHO to us. Raises HTTPError."""
        self._ask(f"/modalities/{_US}/echo", b"{}")

    def store(self, instance: str) -> dict[str, Any]:
        """C-STORE to us: its account of it."""
        return dict(self._ask(f"/modalities/{_US}/store", instance.encode()))

    def commit(self, *images: tuple[str, str]) -> str:
        """N-ACTION to us, for storage commitment of images by SOP class and instance: its transaction."""
        asked = json.dumps({"DicomInstances": [list(image) for image in images]}).encode()
        return str(self._ask(f"/modalities/{_US}/storage-commitment", asked)["ID"])

    def committed(self, transaction: str) -> dict[str, Any]:
        """What it knows of a transaction by our reports."""
        return dict(self._ask(f"/storage-commitment/{transaction}"))

    def query(self, level: str, **keys: str) -> tuple[str, list[dict[str, str]]]:
        """C-FIND at us: the query's id, and what was answered by keyword."""
        asked = json.dumps({"Level": level, "Query": keys}).encode()
        number = self._ask(f"/modalities/{_US}/query", asked)["ID"]
        answers = self._ask(f"/queries/{number}/answers?expand&simplify")
        return number, list(answers)

    def retrieve(self, query: str) -> None:
        """C-MOVE of all that a query found, from us to itself. Raises HTTPError."""
        self._ask(f"/queries/{query}/retrieve", AE_TITLE.encode())

    def has(self, sop_instance_uid: str) -> bool:
        """Whether it holds the image."""
        return bool(self._ask("/tools/lookup", sop_instance_uid.encode()))

    def _ask(self, path: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{self.http_port}{path}", data=body)
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
            content = answer.read()
        return json.loads(content) if content else None


@contextmanager
def orthanc(directory: Path, *, dicom_port: int, our_ae_title: str, our_port: int) -> Iterator[Orthanc]:
    """It runs inside the block, with nothing in its archive at first."""
    program = shutil.which("Orthanc")
    assert program is not None, "Orthanc is not installed: Debian's package orthanc has it"
    http_port = allocate_free_ports(1)[0]
    config = {
        "Name": "TESTED",
        "StorageDirectory": str(directory / "storage"),
        "IndexDirectory": str(directory / "storage"),
        "Plugins": [],
        "DicomAet": AE_TITLE,
        "DicomPort": dicom_port,
        "DicomModalities": {_US: [our_ae_title, "127.0.0.1", our_port]},
        "DicomAlwaysAllowEcho": True,
        "DicomAlwaysAllowStore": True,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowMove": True,
        "DicomAlwaysAllowGet": True,
        "HttpPort": http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
    }
    path = directory / "orthanc.json"
    path.write_text(json.dumps(config))
    with (
        (directory / "orthanc.log").open("wb") as log,
        subprocess.Popen(
            [program, "--verbose", str(path)], env={**os.environ, "TCP_NODELAY": "1"}, stdout=log, stderr=log
        ) as process,
    ):
        try:
            for port in (http_port, dicom_port):
                _await_port(port)
            yield Orthanc(dicom_port, http_port)
        finally:
            process.terminate()


def _await_port(port: int) -> None:
    deadline_s = time.monotonic() + _START_S
    while time.monotonic() < deadline_s:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise AssertionError("Orthanc does not start")
