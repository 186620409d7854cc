"""Who sends on an association gets its answers, however late its own thread and the association's go on."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider

from producers.dicom.associations.checkpoint import PAUSES_FOR_SENDERS, SendersCheckpoint

VERIFICATION = "1.2.840.10008.1.1"
_LATE_S = 0.02


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """The association's thread, let go at the checkpoint, has the processor only after a while; so has who
    sends before it looks for the answer."""
    wait, get_msg = SendersCheckpoint.wait, DIMSEServiceProvider.get_msg

    def wait_and_dawdle(self: SendersCheckpoint) -> None:
        wait(self)
        time.sleep(_LATE_S)

    def dawdle_and_get(self: DIMSEServiceProvider, block: bool = False) -> Any:
        time.sleep(2 * _LATE_S if block else 0)
        return get_msg(self, block)

    monkeypatch.setattr(SendersCheckpoint, "wait", wait_and_dawdle)
    monkeypatch.setattr(DIMSEServiceProvider, "get_msg", dawdle_and_get)


@pytest.mark.usefixtures("late")
def test_the_associations_thread_never_takes_the_senders_answer() -> None:
    server, client = AE(), AE()
    server.add_supported_context(VERIFICATION)
    client.add_requested_context(VERIFICATION)
    client.dimse_timeout = 5
    listening = server.start_server(("127.0.0.1", 0), block=False)
    assert listening is not None
    try:
        association = client.associate(*listening.server_address[:2], evt_handlers=[PAUSES_FOR_SENDERS])
        for number in range(10):
            time.sleep(number * _LATE_S / 10)  # at every place of its round
            assert association.send_c_echo().Status == 0x0000
        association.release()
        assert association.is_released
    finally:
        listening.shutdown()


def test_nobody_waits_for_a_thread_that_is_not_running_or_for_itself() -> None:
    for association in (Association(AE(), "requestor"), threading.current_thread()):
        checkpoint = SendersCheckpoint(association)
        checkpoint.clear()
        assert not checkpoint.is_reached
