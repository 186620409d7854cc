"""Alerts on the whole stack: they fire when no event comes, outlive kill -9, judge by a file that changes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from producers.publishing import EventPublisher, PublisherConfig
from schemas.codec import Codec
from schemas.events import AcquisitionCompleted, Event, FinalReportPublished, OrderPlaced, TargetsPublished
from schemas.identity import event_id, exam_id_of_accession
from schemas.parts import Envelope, Source
from schemas.registry import connect_codec
from schemas.topics import ALERTS, TARGETS
from schemas.views import AlertRow
from tests.killing import kill_9, part_of
from tests.producing import read_all
from tests.running_stack import RunningStack, run_stack
from tests.sink_running import until_on_the_stack as until
from tests.webhook_receiver import SECRET, Request, WebhookReceiver

pytestmark = pytest.mark.stack
# Twelve seconds after completion, warned of six seconds before.
FILE = """
[[target]]
interval = "report_turnaround"
due_min = {due_min}
warn_before_min = 0.1
"""


WEBHOOK = """
[[destination]]
name = "pager"
url = "{url}"
secret_file = "{secret}"
states = ["breached", "resolved"]
first_pause_s = 0.1
longest_pause_s = 0.5
"""


@dataclass
class Second:
    """A second process of alerts."""

    log: Path

    def said(self) -> str:
        """What it has logged."""
        return self.log.read_text("utf-8")


@dataclass
class Site:
    """The stack, its file of targets, who is told of alerts, and what it takes to talk to it."""

    stack: RunningStack
    pager: WebhookReceiver
    file: Path
    codec: Codec
    publisher: EventPublisher

    def say(self, accession: str, cls: type[Event], ago_s: float = 0.0, **fields: Any) -> None:
        """Something happened so many seconds ago."""
        at = datetime.now(UTC) - timedelta(seconds=ago_s)
        envelope = Envelope(
            event_id=event_id("test", accession, cls.__name__),
            exam_id=exam_id_of_accession("GENERAL", accession),
            occurred_at=at,
            recorded_at=at,
            source=Source(system="RIS", facility="GENERAL", protocol="HL7v2"),
            source_message_id=f"{accession}-{cls.__name__}",
            site="GENERAL",
        )
        self.publisher.publish([cls(envelope=envelope, accession_number=accession, **fields)])  # type: ignore[call-arg]  # the classes that tests use have it

    def alerts(self, accession: str) -> list[AlertRow]:
        """Every row that the topic was given of this exam, in order."""
        rows = read_all(self.stack.kafka_bootstrap, self.codec, ALERTS)
        return [row for row in rows if isinstance(row, AlertRow) and row.accession_number == accession]

    def states(self, accession: str) -> list[str]:
        """Their states."""
        return [row.state for row in self.alerts(accession)]

    def told(self, accession: str) -> list[str]:
        """What the pager was told of this exam."""
        said = [request.said["data"] for request in self.pager.received]
        return [data["state"] for data in said if data["accession_number"] == accession]

    def process_of(self, part: str) -> psutil.Process:
        """What runs of it."""
        pid = part_of(self.stack.data, part).pid
        assert pid is not None
        return psutil.Process(pid)

    def log_of(self, part: str) -> str:
        """What it has logged."""
        return (self.stack.data / "logs" / f"{part}.log").read_text("utf-8")

    @contextmanager
    def second_process(self) -> Iterator[Second]:
        """Another process of alerts, as a second supervisor would start it; ended by SIGTERM."""
        log = self.stack.data / "second-alerts.log"
        environment = self.process_of("alerts").environ()
        command = [sys.executable, "-m", "runtime.cli.main", "run", "alerts"]
        with (
            log.open("w") as file,
            subprocess.Popen(command, env=environment, stdout=file, stderr=file) as process,
        ):
            try:
                yield Second(log)
            finally:
                process.terminate()
                process.wait(20)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data: Path = tmp_path_factory.mktemp("alerts")
    data.chmod(0o700)
    file = data / "targets.toml"
    file.write_text(FILE.format(due_min=0.2))
    (data / "pager-secret").write_bytes(SECRET)
    with WebhookReceiver() as pager, ExitStack() as resources:
        hook = WEBHOOK.format(url=pager.url, secret=data / "pager-secret")
        (data / "webhooks.toml").write_text(hook)
        stack = resources.enter_context(run_stack(data, {}))
        codec = connect_codec(stack.registry_url)
        publisher = EventPublisher(PublisherConfig(stack.kafka_bootstrap, "test", 15.0), codec)
        try:
            yield Site(stack, pager, file, codec, publisher)
        finally:
            publisher.close()


def test_a_breach_is_warned_of_and_fires_though_no_event_comes(site: Site) -> None:
    site.say("QUIET-1", OrderPlaced, 60, priority="STAT")
    site.say("QUIET-1", AcquisitionCompleted)
    until(lambda: site.states("QUIET-1") == ["warned", "breached"], "no breach")
    warned, breached = site.alerts("QUIET-1")
    assert warned.alert_id == breached.alert_id
    assert warned.warn_at <= warned.said_at < warned.due_at
    assert breached.breached_at == breached.due_at <= breached.said_at
    site.say("QUIET-1", FinalReportPublished)
    until(lambda: site.states("QUIET-1") == ["warned", "breached", "resolved"], "not resolved")
    until(lambda: site.told("QUIET-1") == ["breached", "resolved"], "nobody was told")
    assert all(request.is_signed() for request in site.pager.received)


def test_a_webhook_that_fails_and_is_killed_is_told_in_the_end(site: Site) -> None:
    site.pager.behave = lambda _: 503
    site.say("PAGED-1", AcquisitionCompleted, 20)
    until(lambda: site.told("PAGED-1") != [], "nobody was told")
    kill_9(site.stack.data, "webhook")
    taken: list[str] = []

    def take(request: Request) -> int:
        taken.append(request.said["data"]["accession_number"])
        return 204

    site.pager.behave = take
    until(lambda: "PAGED-1" in taken, "it was not told again")
    told = [request for request in site.pager.received if request.said["subject"] == "GENERAL|PAGED-1"]
    assert len({request.headers["webhook-id"] for request in told}) == 1


def test_kill_9_says_nothing_twice_and_loses_nothing(site: Site) -> None:
    exams = [f"KILL-{number}" for number in range(5)]
    for number, exam in enumerate(exams):
        site.say(exam, AcquisitionCompleted, 2 * number)
    until(lambda: any("warned" in site.states(exam) for exam in exams), "no warning")
    kill_9(site.stack.data, "alerts")
    until(lambda: all(site.states(exam)[-1:] == ["breached"] for exam in exams), "a breach was lost")
    kill_9(site.stack.data, "alerts")
    site.say("KILL-9", AcquisitionCompleted, 20)
    until(lambda: site.states("KILL-9") == ["breached"], "it did not come back")
    for exam in exams:
        states = site.states(exam)
        assert states in (["warned", "breached"], ["breached"]), "it was said twice"


def test_of_two_processes_one_works_and_the_other_takes_over_from_one_that_hangs(site: Site) -> None:
    with site.second_process() as second:
        until(lambda: "standing_by" in second.said(), "it does not stand by")
        first = site.process_of("alerts")
        first.suspend()
        try:
            site.say("HUNG-1", AcquisitionCompleted, 20)
            until(lambda: site.states("HUNG-1") == ["breached"], "the other one did not take over")
        finally:
            first.resume()
        site.say("HUNG-2", AcquisitionCompleted, 20)
        until(lambda: site.states("HUNG-2") == ["breached"], "nobody works")
        until(lambda: "alerts_interrupted" in site.log_of("alerts"), "the first one did not notice")
    site.say("HUNG-3", AcquisitionCompleted, 20)
    until(lambda: site.states("HUNG-3") == ["breached"], "nobody took over")
    assert [site.states(f"HUNG-{number}") for number in (1, 2, 3)] == [["breached"]] * 3


def test_a_changed_file_is_a_new_version_and_judges_what_starts_after_it(site: Site) -> None:
    site.say("OLD-1", AcquisitionCompleted)
    site.file.write_text(FILE.format(due_min="many"))
    time.sleep(3)
    site.file.write_text(FILE.format(due_min=60))
    until(lambda: len(_versions(site)) == 2, "no new version")
    first, second = _versions(site)
    assert (first.follows, second.follows) == (None, first.envelope.event_id)
    site.say("NEW-1", AcquisitionCompleted)
    until(lambda: site.states("OLD-1")[-1:] == ["breached"], "no breach by the targets of its time")
    assert site.states("NEW-1") == []
    assert {row.targets_sha256 for row in site.alerts("OLD-1")} == {first.targets_sha256}


def test_the_command_line_shows_targets_and_alerts(site: Site) -> None:
    site.say("SHOWN-1", AcquisitionCompleted, 3600 * 2)
    until(lambda: site.states("SHOWN-1") == ["breached"], "no breach")
    shown = json.loads(site.stack.radstream("targets", "show", "--json").stdout)
    assert shown["targets"][0]["interval"] == "report_turnaround"
    assert shown["targets_sha256"] == shown["versions"][-1]["targets_sha256"]
    alerts = json.loads(site.stack.radstream("alerts", "list", "--json").stdout)["alerts"]
    assert "GENERAL|SHOWN-1" in {alert["exam_id"] for alert in alerts}
    assert {alert["state"] for alert in alerts} <= {"warned", "breached"}
    assert "SHOWN-1" in site.stack.radstream("alerts", "list").stdout.replace("\n", "")


def _versions(site: Site) -> list[TargetsPublished]:
    found = read_all(site.stack.kafka_bootstrap, site.codec, TARGETS)
    return [event for event in found if isinstance(event, TargetsPublished)]
