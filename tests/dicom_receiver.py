"""A storage SCP that receives as the test wants it: stores, refuses, is full, breaks off, hangs."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from pydicom.uid import UID
from pynetdicom import AE, evt
from pynetdicom import _config as pynetdicom_settings

Behave = Callable[[str], int | None]
"""From a SOP Instance UID to a status; None: abort the association."""


class DicomReceiver:
    """Listens on loopback; `received`: SOP Instance UID, transfer syntax and data set of what it stored."""

    def __init__(
        self,
        behave: Behave = lambda _: 0x0000,
        *,
        pairs: Sequence[tuple[str, str]],
        tls: ssl.SSLContext | None = None,
        port: int = 0,
        maximum_pdu: int = 16_384,
    ) -> None:
        pynetdicom_settings.LOG_HANDLER_LEVEL = "none"
        self.behave = behave
        self.received: list[tuple[str, str, bytes]] = []
        self.calling: list[str] = []
        self.associations = 0
        self._lock = threading.Lock()
        entity = AE(ae_title="PACS")
        entity.require_called_aet = True
        entity.maximum_pdu_size = maximum_pdu
        for sop_class, syntax in pairs:
            entity.add_supported_context(sop_class, syntax)
        server = entity.start_server(
            ("127.0.0.1", port),
            block=False,
            ssl_context=tls,
            evt_handlers=[(evt.EVT_C_STORE, self._store), (evt.EVT_ACCEPTED, self._accepted)],
        )
        assert server is not None
        self._server = server
        self.port = int(server.server_address[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._server.shutdown()

    def uids(self) -> list[str]:
        """SOP Instance UIDs in the order of arrival."""
        return [uid for uid, _, _ in self.received]

    def _accepted(self, event: Any) -> None:
        with self._lock:
            self.associations += 1
            self.calling.append(str(event.assoc.requestor.ae_title))

    def _store(self, event: Any) -> int:
        uid = str(UID(event.request.AffectedSOPInstanceUID))
        status = self.behave(uid)
        if status is None:
            event.assoc.abort()
            return 0xC000
        if status == 0x0000 or status >> 12 == 0xB:
            with self._lock:
                syntax = str(event.context.transfer_syntax)
                self.received.append((uid, syntax, event.request.DataSet.getvalue()))
        return status
