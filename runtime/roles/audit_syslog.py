"""The syslog sink: accesses to audit repositories."""

from __future__ import annotations

import asyncio

from runtime.audit_syslog import syslog_config
from runtime.installation import Installation
from sinks.syslog.service import serve


def run(installation: Installation) -> None:
    """Run until SIGTERM or SIGINT. Raises StackError, which names what is wrong in the file."""
    asyncio.run(serve(syslog_config(installation), installation.announcer("audit-syslog")))
