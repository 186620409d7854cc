"""A listener, or the archiver, as a process of its own, to be killed.

`python -m tests.listener_process hl7|dicom|dicom-archive CONFIG.json`
"""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog

from producers.dicom.archiver.config import ArchiverConfig
from producers.dicom.archiver.service import serve as serve_archiver
from producers.dicom.config import ArchiveConfig, DicomConfig
from producers.dicom.listener import serve as serve_dicom
from producers.hl7.config import Hl7Config
from producers.hl7.listener import serve as serve_hl7
from schemas.keyring_config import FileKeyRingConfig

READY = "ready"


@contextmanager
def listener_process(
    protocol: str, config: dict[str, Any], directory: Path
) -> Iterator[subprocess.Popen[str]]:
    """The process, once it accepts connections; killed in the end if it still runs."""
    path = directory / f"{protocol}.json"
    path.write_text(
        json.dumps(config, default=lambda value: value.hex() if isinstance(value, bytes) else str(value))
    )
    command = [sys.executable, "-m", "tests.listener_process", protocol, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == READY
        try:
            yield process
        finally:
            process.kill()


def main(protocol: str, path: Path) -> None:
    """Serve until SIGTERM."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    given = json.loads(path.read_text())
    config = {name: _value(name, value) for name, value in given.items()}

    def announce() -> None:
        print(READY, flush=True)  # noqa: T201 - the parent waits for it

    if protocol == "hl7":
        asyncio.run(serve_hl7(Hl7Config(**config), announce))
        return
    archive = ArchiveConfig(**config.pop("archive"))
    if protocol == "dicom":
        asyncio.run(serve_dicom(DicomConfig(**config, archive=archive), announce))
    else:
        asyncio.run(serve_archiver(ArchiverConfig(**config, archive=archive), announce))


def _value(name: str, value: Any) -> Any:
    match name:
        case "state_directory":
            return Path(value)
        case "site_secret":
            return bytes.fromhex(value)
        case "key_ring":
            directory, site_key = Path(value["directory"]), bytes.fromhex(value["site_key"])
            return FileKeyRingConfig(directory=directory, site_key=site_key)
        case _:
            return value


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
