"""What the dashboard records, in an audit repository: on the real log, with the sink killed in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import pytest

from dashboards.access.views import View, access_recorded
from producers.publishing import EventPublisher, PublisherConfig
from schemas.audit_codes import PATIENT_RECORD
from schemas.registry import connect_codec
from tests.audit_schema import parsed
from tests.certificates import Authority
from tests.running_stack import RunningStack
from tests.sink_running import until_on_the_stack as until
from tests.syslog_receiver import SyslogReceiver

pytestmark = pytest.mark.stack

DESTINATION = """
[[destination]]
name = "arr"
host = "127.0.0.1"
port = {port}
tls = {{ ca_file = "{authority}" }}
start = "beginning"
first_pause_s = 0.1
longest_pause_s = 1
"""


@contextmanager
def sink(stack: RunningStack, file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The role as the supervisor would start it; killed in the end."""
    parts = json.loads(stack.radstream("status", "--json").stdout)["parts"]
    pid = next(int(part["pid"]) for part in parts if part["part"] == "dashboard")
    environment = {**psutil.Process(pid).environ(), "RADSTREAM_AUDIT_SYSLOG": str(file)}
    command = [sys.executable, "-m", "runtime.cli.main", "run", "audit-syslog"]
    with (stack.data / "audit-syslog.log").open("a") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def test_what_was_recorded_reaches_the_repository_though_the_sink_is_killed(
    stack: RunningStack, tmp_path: Path
) -> None:
    authority, file = Authority(tmp_path), tmp_path / "audit-syslog.toml"
    seen = [
        View(user=f"reader-{n}", roles="clinician", address="192.0.2.7", code=PATIENT_RECORD, what="exam")
        for n in range(300)
    ]
    events = [access_recorded(view, "GENERAL", datetime.now(UTC), f"{tmp_path} {view.user}") for view in seen]
    wanted = {event.envelope.event_id for event in events}
    codec = connect_codec(stack.registry_url)
    publisher = EventPublisher(PublisherConfig(stack.kafka_bootstrap, "test"), codec)
    with SyslogReceiver(authority) as repository, closing(publisher):
        file.write_text(DESTINATION.format(port=repository.port, authority=authority.path))
        repository.reads.clear()
        with sink(stack, file) as first:
            publisher.publish(events[:200])
            until(lambda: repository.connections > 0, "nobody calls")
            os.kill(first.pid, signal.SIGKILL)
        repository.reads.set()
        with sink(stack, file):
            publisher.publish(events[200:])
            until(lambda: wanted <= repository.event_ids, "not everything arrived")
            wrong = {"name": "admin", "password": "a wrong password of somebody"}
            origin = {"Origin": stack.dashboard_url}
            answer = httpx.post(f"{stack.dashboard_url}/sign-in", data=wrong, headers=origin, timeout=60)
            assert answer.status_code == httpx.codes.UNAUTHORIZED
            until(lambda: any(b"110122" in one.message for one in repository.received), "no failed sign-in")
        for one in repository.received:
            parsed(one.message)
