"""pynetdicom's internals are as the reading of C-STOREs needs them (docs/adr/0012).

A failure here after an upgrade says what to look at in producers/dicom/associations/upper_layer.py before it
is used.
"""

from __future__ import annotations

import inspect
import threading
import time

import pytest
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.dul import DULServiceProvider
from pynetdicom.fsm import TRANSITION_TABLE
from pynetdicom.transport import RequestHandler

from producers.dicom.associations.checkpoint import Checkpoint
from producers.dicom.associations.upper_layer import (
    AWAITING_CLOSE,
    BEFORE_REQUEST,
    CONNECTION_CLOSED,
    ESTABLISHED,
    INVALID_PDU,
)
from tests.dicom_listening import until


def source(of: object) -> str:
    """As it is written."""
    return inspect.getsource(of)  # type: ignore[arg-type]  # functions and classes


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("_is_transport_event", ["self"]),
        ("_read_pdu_data", ["self"]),
        ("_process_recv_primitive", ["self"]),
        ("_decode_pdu", ["self", "bytestream"]),
        ("idle_timer_expired", ["self"]),
        ("run_reactor", ["self"]),
    ],
)
def test_the_reader_has_the_methods_that_are_replaced_or_called(name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(DULServiceProvider, name)).parameters) == parameters


def test_the_reactor_asks_for_transport_events_after_what_it_has_to_send_and_ends_when_it_is_killed() -> None:
    reactor = source(DULServiceProvider.run_reactor)
    sends, receives = reactor.index("_process_recv_primitive()"), reactor.index("_is_transport_event()")
    assert sends < receives < reactor.index("state_machine.do_action(event)")
    assert "if self._kill_thread:" in reactor
    assert "self._read_pdu_data()" in source(DULServiceProvider._is_transport_event)
    assert "self.to_provider_queue.queue[0]" in source(DULServiceProvider._process_recv_primitive)


def test_a_new_association_has_what_is_read_and_replaced() -> None:
    association = Association(AE(), "acceptor")
    dul = association.dul
    assert isinstance(association._reactor_checkpoint, threading.Event)
    assert isinstance(association._accepted_cx, dict)
    assert (association._kill, dul._kill_thread, association.is_established) == (False, False, False)
    for queue in (dul.event_queue, dul.to_user_queue, dul._recv_pdu, association.dimse.msg_queue):
        assert queue.empty()
    assert len(dul.to_provider_queue.queue) == 0
    dul._idle_timer.restart()
    assert dul.state_machine.current_state in BEFORE_REQUEST


def test_the_association_waits_at_the_checkpoint_in_each_round_and_runs_to_its_end_from_there() -> None:
    reactor = source(Association._run_reactor)
    assert reactor.index("self._reactor_checkpoint.wait()") < reactor.index("self.dimse.get_msg(block=False)")
    assert "self._reactor_checkpoint.set()" in source(Association.kill)
    uses = source(Association).split("_reactor_checkpoint")[1:]
    called = {use.split("(")[0] for use in uses if use.startswith(".")}
    assert called <= {".set", ".clear", ".wait"}


def test_the_association_takes_no_request_for_the_end_of_its_connection() -> None:
    reactor = source(Association.run_reactor)
    assert "primitive = self.dul.receive_pdu(wait=True, timeout=self.acse_timeout)" in reactor
    assert reactor.index("if primitive is None:") < reactor.index("evt.EVT_REQUESTED")


def test_associations_are_made_before_their_threads_run_with_copies_of_the_servers_contexts() -> None:
    handle = source(RequestHandler.handle)
    assert handle.index("evt.EVT_CONN_OPEN") < handle.index("assoc.start()")
    assert "deepcopy(self.server.contexts)" in source(RequestHandler._create_association)
    reactor = source(Association.run_reactor)
    assert reactor.index("evt.EVT_REQUESTED") < reactor.index("self.acse.negotiate_association()")


def test_the_events_do_what_they_are_put_for() -> None:
    assert TRANSITION_TABLE[(INVALID_PDU, ESTABLISHED)] == "AA-8"  # A-ABORT by the provider
    assert TRANSITION_TABLE[(CONNECTION_CLOSED, ESTABLISHED)] == "AA-4"
    assert TRANSITION_TABLE[(CONNECTION_CLOSED, AWAITING_CLOSE)] == "AR-5"
    assert TRANSITION_TABLE[(INVALID_PDU, "Sta2")] == "AA-1"
    assert TRANSITION_TABLE[("Evt10", ESTABLISHED)] == "DT-2"
    assert not evt.EVT_CONN_OPEN.is_intervention
    assert not evt.EVT_REQUESTED.is_intervention


def test_a_thread_waits_while_it_is_held_or_not_set_and_goes_on_when_the_library_sets_it() -> None:
    checkpoint = Checkpoint()
    rounds: list[float] = []
    may_end = threading.Event()

    def run() -> None:
        while not may_end.is_set():
            checkpoint.wait()
            rounds.append(time.monotonic())
            time.sleep(0.001)

    def goes_on() -> bool:
        count = len(rounds)
        time.sleep(0.1)
        return len(rounds) > count + 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert goes_on()
        checkpoint.hold()
        assert until(lambda: checkpoint.is_parked)
        assert not goes_on()
        checkpoint.clear()
        checkpoint.let_go()
        assert not goes_on()
        assert until(lambda: not checkpoint.is_parked)
        checkpoint.hold()
        checkpoint.set()
        assert goes_on()
    finally:
        may_end.set()
        checkpoint.set()
        thread.join(60)
