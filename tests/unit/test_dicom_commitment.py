"""Storage commitment over real sockets: reports on the association of the request, on a new one, later."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.config import IGNORE
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import evt
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_primitives import N_EVENT_REPORT

from producers.dicom.commitment.journal import CommitmentJournal
from tests.dicom_commitment_site import (
    CT,
    MODALITY,
    MR,
    Modality,
    Site,
    act,
    asked,
    associated,
    awaiting,
    lists,
    peers_at,
)
from tests.producing import SITE, mock_kafka
from tests.unit.test_dicom_cli import run, written


@pytest.fixture(scope="module")
def kafka() -> Iterator[str]:
    """A broker's address."""
    with mock_kafka() as bootstrap:
        yield bootstrap


@pytest.fixture
def site(tmp_path: Path, kafka: str) -> Site:
    """A site that was asked for nothing yet, and waits for nothing."""
    return Site(tmp_path, kafka)


def test_all_is_committed_and_reported_on_the_same_association(site: Site) -> None:
    images = [site.store.add("1.2.3") for _ in range(3)]
    transaction, modality = str(generate_uid()), Modality()
    with site.listening() as server, associated(server, modality) as association:
        assert act(association, asked(transaction, *((CT, uid) for uid in images))).Status == 0x0000
        (report,) = modality.await_reports()
    assert lists(report) == (1, images, [])
    assert (report[1].TransactionUID, report[1].RetrieveAETitle) == (transaction, "TESTED")
    (event,) = site.committed(transaction)
    assert (event.committed_count, event.failed_count, event.study_instance_uid) == (3, 0, "1.2.3")
    assert (event.accession_number, event.requested_by_ae_title) == ("1.2.3", MODALITY)
    assert (event.envelope.exam_id, event.envelope.patient_key) == (f"{SITE}|1.2.3", "key-of-patient")
    assert event.envelope.phi is None  # an empty one would be the last that was said of the patient's name


def test_what_cannot_be_promised_is_listed_with_its_reason(site: Site) -> None:
    safe, other_class, missing = site.store.add("1.2.3"), site.store.add("1.2.3"), str(generate_uid())
    in_the_spool = site.store.add("1.2.3", is_held=False)
    transaction, modality = str(generate_uid()), Modality()
    request = asked(transaction, (CT, safe), (MR, other_class), (CT, missing), (CT, in_the_spool), (CT, safe))
    with site.listening() as server, associated(server, modality) as association:
        assert act(association, request).Status == 0x0000
        (report,) = modality.await_reports()
    assert lists(report) == (2, [safe], [(other_class, 0x0119), (missing, 0x0112), (in_the_spool, 0x0112)])
    (event,) = site.committed(transaction)
    assert (event.committed_count, event.failed_count) == (1, 3)


def test_nothing_is_promised_while_it_is_only_in_the_spool(site: Site) -> None:
    site.wait_s = 60
    uid = site.store.add("1.2.3", is_held=False)
    modality = Modality()
    with site.listening() as server, associated(server, modality) as association:
        assert act(association, asked(str(generate_uid()), (CT, uid))).Status == 0x0000
        time.sleep(0.5)
        assert modality.reports == []
        site.store.held.add(uid)
        (report,) = modality.await_reports()
    assert lists(report) == (1, [uid], [])


def test_an_object_store_that_is_away_is_no_missing_image(site: Site) -> None:
    uid = site.store.add("1.2.3")
    site.store.is_away = True
    modality = Modality()
    with site.listening() as server, associated(server, modality) as association:
        act(association, asked(str(generate_uid()), (CT, uid)))
        (report,) = modality.await_reports()
    assert lists(report) == (2, [], [(uid, 0x0110)])


def test_a_peer_that_has_gone_gets_its_report_on_a_new_association(site: Site) -> None:
    site.wait_s = 60
    uid = site.store.add("1.2.3", is_held=False)
    modality = Modality()
    with awaiting(modality) as port:
        site.peers = peers_at(port)
        with site.listening() as server:
            with associated(server) as association:
                act(association, asked(str(generate_uid()), (CT, uid)))
            site.store.held.add(uid)
            (report,) = modality.await_reports()
    assert lists(report) == (1, [uid], [])


def test_a_report_that_is_refused_or_meets_nobody_is_tried_again(site: Site) -> None:
    uid = site.store.add("1.2.3")
    modality = Modality(statuses=[0x0110, 0x0213])
    with awaiting(Modality()) as free_port:
        pass
    site.peers = peers_at(free_port)
    with site.listening() as server:
        with associated(server, Modality(statuses=[0x0110])) as association:
            act(association, asked(str(generate_uid()), (CT, uid)))
        time.sleep(0.5)
        with awaiting(modality, free_port):
            (report,) = modality.await_reports()
    assert lists(report) == (1, [uid], [])


def test_a_request_outlives_the_listener(site: Site) -> None:
    site.wait_s = 60
    uid = site.store.add("1.2.3", is_held=False)
    transaction, modality = str(generate_uid()), Modality()
    with site.listening() as server, associated(server) as association:
        assert act(association, asked(transaction, (CT, uid))).Status == 0x0000
    site.store.held.add(uid)
    with awaiting(modality) as port:
        site.peers = peers_at(port)
        with site.listening():
            (report,) = modality.await_reports()
        with site.listening():
            time.sleep(0.3)
    assert lists(report) == (1, [uid], [])
    assert len(modality.reports) == 1
    assert len(site.committed(transaction)) == 1


def test_a_report_that_nobody_takes_is_given_up_and_a_new_request_gets_it(site: Site) -> None:
    site.give_up_s = 0.3
    uid = site.store.add("1.2.3")
    request, modality = asked(str(generate_uid()), (CT, uid)), Modality()
    with site.listening() as server:
        with associated(server, Modality(statuses=[0x0110] * 100)) as association:
            act(association, request)
            time.sleep(1.5)
            assert list(site.journal().open_keys()) == []
        with associated(server, modality) as association:
            assert act(association, request).Status == 0x0000
            (report,) = modality.await_reports()
    assert lists(report) == (1, [uid], [])


def test_a_request_that_comes_again_gets_its_report_again(site: Site) -> None:
    uid, other = site.store.add("1.2.3"), site.store.add("1.2.3")
    transaction, modality = str(generate_uid()), Modality()
    with site.listening() as server, associated(server, modality) as association:
        for count in (1, 2):
            assert act(association, asked(transaction, (CT, uid))).Status == 0x0000
            modality.await_reports(count)
            time.sleep(0.1)
        assert act(association, asked(transaction, (CT, other))).Status == 0x0210
    assert len({str(lists(report)) for report in modality.reports}) == 1
    assert len(site.committed(transaction)) == 1


def test_images_of_two_studies_are_two_events(site: Site) -> None:
    first, second = site.store.add("1.2.3"), site.store.add("1.2.4")
    transaction, modality = str(generate_uid()), Modality()
    request = asked(transaction, (CT, first), (CT, second), (CT, "1.2.9"))
    with site.listening() as server, associated(server, modality) as association:
        act(association, request)
        (report,) = modality.await_reports()
    assert lists(report) == (2, [first, second], [("1.2.9", 0x0112)])
    events = site.committed(transaction)
    assert {(x.study_instance_uid, x.committed_count, x.failed_count) for x in events} == {
        ("1.2.3", 1, 0),
        ("1.2.4", 1, 0),
    }


def without(keyword: str) -> Dataset:
    """A request that lacks it."""
    information = asked("1.2.3", (CT, "1.2.4"))
    for data_set in (information, information.ReferencedSOPSequence[0]):
        if keyword in data_set:
            delattr(data_set, keyword)
    return information


def with_uid(keyword: str, value: str) -> Dataset:
    """A request that has another value there."""
    information = asked("1.2.3", (CT, "1.2.4"))
    for data_set in (information, information.ReferencedSOPSequence[0]):
        if keyword in data_set:
            data_set[keyword] = DataElement(data_set[keyword].tag, "UI", value, validation_mode=IGNORE)
    return information


@pytest.mark.parametrize(
    ("information", "names"),
    [
        (without("TransactionUID"), "TransactionUID"),
        (without("ReferencedSOPSequence"), "ReferencedSOPSequence"),
        (without("ReferencedSOPClassUID"), "ReferencedSOPClassUID"),
        (without("ReferencedSOPInstanceUID"), "ReferencedSOPInstanceUID"),
        (asked("1.2.3"), "ReferencedSOPSequence"),
        (with_uid("TransactionUID", "../../etc"), "TransactionUID"),
        (with_uid("ReferencedSOPInstanceUID", ""), "ReferencedSOPInstanceUID"),
    ],
)
def test_a_request_without_what_it_needs_is_refused_and_says_what(
    site: Site, information: Dataset, names: str
) -> None:
    with site.listening() as server, associated(server) as association:
        status = act(association, information)
        assert status.Status == 0x0115
        assert names in status.ErrorComment
    assert list(site.journal().open_keys()) == []


def test_other_actions_and_other_instances_are_refused(site: Site) -> None:
    information = asked(str(generate_uid()), (CT, "1.2.4"))
    with site.listening() as server, associated(server) as association:
        assert act(association, information, action=2).Status == 0x0123
        assert act(association, information, instance="1.2.3").Status == 0x0112


def test_a_request_that_cannot_be_kept_is_refused_for_now(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space")

    with site.listening() as server, associated(server) as association:
        monkeypatch.setattr(CommitmentJournal, "write", full)
        assert act(association, asked(str(generate_uid()), (CT, "1.2.4"))).Status == 0x0213


def test_a_damaged_request_is_set_aside(site: Site) -> None:
    (site.directory / "commitments").mkdir()
    (site.directory / "commitments" / "1.2.3-abc.json").write_text("{")
    with site.listening():
        pass
    assert [path.suffix for path in (site.directory / "commitments").iterdir()] == [".damaged"]


def test_a_request_that_comes_before_the_reports_answer_is_served(site: Site) -> None:
    """The peer verifies while it has a report to answer: neither is taken for the other."""
    uid, verified = site.store.add("1.2.3"), list[int]()
    modality = Modality()

    def verify_first(event: Any) -> tuple[int, None]:
        verified.append(event.assoc.send_c_echo().Status)
        return modality.on_report(event)

    with site.listening() as server, associated(server) as association:
        association.bind(evt.EVT_N_EVENT_REPORT, verify_first)
        act(association, asked(str(generate_uid()), (CT, uid)))
        (report,) = modality.await_reports()
        deadline_s = time.monotonic() + 60
        while list(site.journal().open_keys()) and time.monotonic() < deadline_s:
            time.sleep(0.05)
        modality.await_answered()
    assert lists(report) == (1, [uid], [])
    assert verified == [0x0000]
    assert list(site.journal().open_keys()) == []


def test_the_command_line_says_which_images_may_be_deleted(site: Site, tmp_path: Path) -> None:
    first, *others = written(tmp_path / "in")
    uids = [str(dcmread(path).SOPInstanceUID) for path in (first, *others)]
    site.store.add("1.2.3", uid=uids[0])
    with site.listening() as server:
        peer = ["--host", "127.0.0.1", "--port", server.port, "--json"]
        safe = run("commit", first, *peer, data=tmp_path)
        some = run("commit", tmp_path / "in", *peer, data=tmp_path)
    assert safe.exit_code == 0, safe.output
    assert json.loads(safe.stdout.splitlines()[-1])["committed"] == uids[:1]
    assert some.exit_code == 1
    assert json.loads(some.stdout.splitlines()[-1])["failed"] == dict.fromkeys(uids[1:], 0x0112)


def test_the_command_line_answers_the_report_before_it_releases(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending = DIMSEServiceProvider.send_msg

    def slowly(self: DIMSEServiceProvider, message: Any, context: int) -> None:
        if isinstance(message, N_EVENT_REPORT) and message.is_valid_response:
            time.sleep(0.5)
        sending(self, message, context)

    monkeypatch.setattr(DIMSEServiceProvider, "send_msg", slowly)
    image, *_ = written(tmp_path / "in")
    site.store.add("1.2.3", uid=str(dcmread(image).SOPInstanceUID))
    with site.listening() as server:
        done = run("commit", image, "--host", "127.0.0.1", "--port", server.port, data=tmp_path)
        assert done.exit_code == 0, done.output
        deadline_s = time.monotonic() + 60
        while list(site.journal().open_keys()) and time.monotonic() < deadline_s:
            time.sleep(0.05)
    assert list(site.journal().open_keys()) == []


def test_the_command_line_says_why_there_is_no_report(site: Site, tmp_path: Path) -> None:
    site.wait_s = 60
    (tmp_path / "none.dcm").write_text("none")
    image, *_ = written(tmp_path / "in")
    with site.listening() as server:
        peer = ["--host", "127.0.0.1", "--port", server.port, "--wait", 0.2]
        late = run("commit", image, *peer, data=tmp_path)
        none = run("commit", tmp_path / "none.dcm", *peer, data=tmp_path)
    assert (late.exit_code, none.exit_code) == (1, 1)
    assert "has not reported" in " ".join(late.output.split())
    assert "no DICOM file" in " ".join(none.output.split())
