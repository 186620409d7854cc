"""The webhook sink between librdkafka's own broker and a receiver on a socket, which behaves as they do."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from runtime.dead_letters.outcome import CannotRetry
from runtime.dead_letters.webhooks import notify_again
from schemas.codec import Codec
from schemas.deadletters import DeadLetter
from schemas.keyring import FileKeyRing
from schemas.keyring_config import FileKeyRingConfig
from schemas.sealed_letters import payload_of
from schemas.topics import ALERTS, DEADLETTERS
from schemas.views import AlertRow
from sinks.delivering.declared import Tls
from sinks.delivering.errors import InvalidDestinations
from sinks.webhook.config import WebhookConfig
from sinks.webhook.destinations import WebhookDestination, parse_webhooks
from sinks.webhook.service import deliver
from sinks.webhook.signing import read_secret, signed_headers
from tests.certificates import Authority
from tests.producing import SITE_KEY, mock_kafka, offline_codec, read_all
from tests.sink_running import delivering, until
from tests.webhook_receiver import SECRET, Request, WebhookReceiver

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def alert(number: int, state: str = "breached") -> AlertRow:
    return AlertRow(
        alert_id=f"alert-{number}",
        exam_id=f"GENERAL|A{number}",
        accession_number=f"A{number}",
        site="GENERAL",
        modality="CT",
        interval="report_turnaround",
        state=state,
        start_at=AT,
        warn_at=AT + timedelta(minutes=45),
        due_at=AT + timedelta(minutes=60),
        targets_sha256="0" * 64,
        due_s=3600,
        said_at=AT + timedelta(minutes=60),
    )


@dataclass
class Site:
    """A topic of alerts, a key ring, and the sink on them."""

    bootstrap: str
    directory: Path
    ring: FileKeyRing
    keys: FileKeyRingConfig
    codec: Codec

    def destination(self, url: str, **options: Any) -> WebhookDestination:
        patience: dict[str, Any] = {"first_pause_s": 0.02, "longest_pause_s": 0.1, "start": "beginning"}
        secret = self.directory / "secret"
        secret.write_bytes(SECRET)
        return WebhookDestination(name="pager", url=url, secret_file=secret, **(patience | options))

    def publish(self, *rows: AlertRow) -> None:
        producer = Producer({"bootstrap.servers": self.bootstrap, "log_level": 2})
        for row in rows:
            producer.produce(ALERTS, key=row.alert_id.encode(), value=self.codec.encode(row))
        producer.produce(ALERTS, key=b"gone", value=None)
        assert producer.flush(10) == 0

    @contextmanager
    def delivering(self, destination: WebhookDestination) -> Iterator[None]:
        """The sink, in a thread, until the end of the block."""
        config = WebhookConfig(
            kafka_bootstrap=self.bootstrap, registry_url="", key_ring=self.keys, destinations=(destination,)
        )
        parts = partial(deliver, config, ring=self.ring, codec=self.codec)
        with delivering(lambda stop, ready: parts(stop=stop, ready=ready)):
            yield

    def letters(self) -> list[DeadLetter]:
        """The dead letters."""
        found = read_all(self.bootstrap, self.codec, DEADLETTERS)
        return [letter for letter in found if isinstance(letter, DeadLetter)]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    keys = FileKeyRingConfig(directory=tmp_path / "keys", site_key=SITE_KEY)
    with mock_kafka(ALERTS, DEADLETTERS) as bootstrap:
        yield Site(bootstrap, tmp_path, FileKeyRing(keys.directory, SITE_KEY), keys, offline_codec())


def test_an_alert_goes_out_signed_and_says_itself(site: Site) -> None:
    with WebhookReceiver() as pager:
        site.publish(alert(1))
        with site.delivering(site.destination(pager.url)):
            until(lambda: len(pager.received) == 1)
    (request,) = pager.received
    assert request.is_signed()
    assert not request.is_signed(b"another secret of somebody else")
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 60
    assert request.headers["content-type"] == "application/cloudevents+json"
    said = request.said
    assert (said["specversion"], said["type"]) == ("1.0", "radstream.alert.breached")
    assert said["id"] == request.headers["webhook-id"]
    assert (said["subject"], said["data"]["due_at"]) == ("GENERAL|A1", "2026-11-24T09:00:00Z")
    assert "closed_at" not in said["data"]


def test_only_the_states_that_were_asked_for_go_out(site: Site) -> None:
    with WebhookReceiver() as pager:
        site.publish(alert(1, "warned"), alert(1), alert(1, "resolved"), alert(2, "warned"))
        wanted = site.destination(pager.url, states=frozenset({"breached", "resolved"}))
        with site.delivering(wanted):
            until(lambda: len(pager.received) == 2)
    states = [request.said["data"]["state"] for request in pager.received]
    assert states == ["breached", "resolved"]


def test_what_is_not_taken_is_tried_again_with_the_same_id_and_in_order(site: Site) -> None:
    answers = iter([503, 500, 429, 302])
    with WebhookReceiver(lambda _: next(answers, 200)) as pager:
        site.publish(alert(1, "warned"), alert(1))
        with site.delivering(site.destination(pager.url)):
            until(lambda: len(pager.received) == 6)
    ids = [request.headers["webhook-id"] for request in pager.received]
    assert len(set(ids[:5])) == 1
    assert ids[5] != ids[0]
    assert pager.received[5].said["data"]["state"] == "breached"
    assert site.letters() == []


def test_after_the_last_try_it_is_a_dead_letter_and_what_comes_after_goes_out(site: Site) -> None:
    def behave(request: Request) -> int:
        return 503 if request.said["data"]["state"] == "warned" else 204

    with WebhookReceiver(behave) as pager:
        site.publish(alert(1, "warned"), alert(1))
        with site.delivering(site.destination(pager.url, max_attempts=3)):
            until(lambda: any(r.said["data"]["state"] == "breached" for r in pager.received))
        assert len(pager.received) == 4
        (letter,) = site.letters()
        assert (letter.origin, letter.reason, letter.destination) == ("webhook", "HTTP 503", "pager")
        payload = payload_of(site.ring, letter)
        assert site.codec.decode(payload) == alert(1, "warned")
        again = [site.destination(pager.url)]
        refused = asyncio.run(notify_again(payload, letter, site.codec, again))
        assert (refused.resolution, refused.answer) == (None, "HTTP 503")
        pager.behave = lambda _: 202
        taken = asyncio.run(notify_again(payload, letter, site.codec, again))
        assert (taken.resolution, taken.answer) == ("delivered", "HTTP 202")
        with pytest.raises(CannotRetry, match="no destination pager"):
            asyncio.run(notify_again(payload, letter, site.codec, []))


def test_what_is_refused_for_good_is_a_dead_letter_at_once(site: Site) -> None:
    with WebhookReceiver(lambda _: 410) as pager:
        site.publish(alert(1))
        with site.delivering(site.destination(pager.url)):
            until(lambda: site.letters() != [])
    assert len(pager.received) == 1


def test_a_receiver_that_was_away_gets_it_when_it_is_back_after_a_restart_of_ours_too(site: Site) -> None:
    with WebhookReceiver() as gone:
        url = gone.url
    site.publish(alert(1))
    with site.delivering(site.destination(url)):
        time.sleep(0.3)
    with WebhookReceiver() as pager:
        with site.delivering(site.destination(pager.url)):
            until(lambda: len(pager.received) == 1)
        site.publish(alert(2))
        with site.delivering(site.destination(pager.url)):
            until(lambda: len(pager.received) == 2)
    assert [request.said["subject"] for request in pager.received] == ["GENERAL|A1", "GENERAL|A2"]


def test_the_receivers_certificate_is_checked(site: Site, tmp_path: Path) -> None:
    ours, other = Authority(tmp_path, "ours"), Authority(tmp_path, "other")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*ours.issue("pager"))
    with WebhookReceiver(tls=server) as pager:
        site.publish(alert(1))
        with site.delivering(site.destination(pager.url, tls=Tls(ca_file=other.path))):
            time.sleep(0.5)
        assert pager.received == []
        with site.delivering(site.destination(pager.url, tls=Tls(ca_file=ours.path))):
            until(lambda: len(pager.received) == 1)
    assert pager.received[0].is_signed()


def test_the_signature_is_that_of_the_standard(tmp_path: Path) -> None:
    """The example of the specification of Standard Webhooks."""
    (tmp_path / "secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    secret = read_secret(tmp_path / "secret")
    body = b'{"test": 2432232314}'
    headers = signed_headers(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("text", ["short", "whsec_no base64 at all!", "whsec_c2hvcnQ="])
def test_a_secret_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "secret").write_text(text)
    with pytest.raises(InvalidDestinations):
        read_secret(tmp_path / "secret")


GOOD = {"name": "pager", "url": "https://pager.example/x", "secret_file": "/run/secret"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"url": "http://pager.example/x"}, "url is https; http only to a loopback"),
        ({"url": "ftp://127.0.0.1/x"}, "url is https; http only"),
        ({"url": "https://me:secret@pager.example/x"}, "without a user"),
        ({"url": "https://pager.example:port/x"}, "url is https://host/path"),
        ({"url": "http://127.0.0.1/x", "tls": {}}, "tls needs an https url"),
        ({"states": ["late"]}, "states is a list of warned"),
        ({"states": []}, "states is a list of warned"),
        ({"secret": "in the file"}, "no option secret"),
        ({"name": "Pager 1"}, "a name has lower-case letters"),
    ],
)
def test_a_mistake_in_the_file_is_told(change: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidDestinations) as caught:
        parse_webhooks(toml(GOOD | change))
    assert told in str(caught.value)


def test_a_good_file_is_read() -> None:
    (found,) = parse_webhooks(toml(GOOD | {"states": ["breached"], "tls": {"ca_file": "/ca.pem"}}))
    assert found.states == {"breached"}
    assert found.tls == Tls(ca_file=Path("/ca.pem"))
    assert replace(found, name="x").group_id == "radstream-webhook-x"


def toml(table: dict[str, Any]) -> str:
    """The table as a file has it."""

    def value(item: Any) -> str:
        if isinstance(item, dict):
            return "{" + ", ".join(f"{name} = {value(one)}" for name, one in item.items()) + "}"
        return json.dumps(item)

    return "[[destination]]\n" + "\n".join(f"{name} = {value(item)}" for name, item in table.items())
