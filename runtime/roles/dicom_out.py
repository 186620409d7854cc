"""The DICOM sink: studies forwarded, priors sent ahead."""

from __future__ import annotations

import asyncio

from runtime.installation import Installation
from runtime.outbound import dicom_out_config
from sinks.dicom.service import serve


def run(installation: Installation) -> None:
    """Run until SIGTERM or SIGINT. Raises StackError, which names what is wrong in the file."""
    asyncio.run(serve(dicom_out_config(installation), installation.announcer("dicom-out")))
