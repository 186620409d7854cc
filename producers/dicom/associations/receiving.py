"""The messages of one association: C-STOREs are received here, all others go on to the library as they came.

A data set goes to its content fragment by fragment, as it arrives: no more of it is in memory than the
content keeps there. The next message is not looked at before this one is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from producers.dicom.associations.commands import C_STORE_RQ, Command, c_store_response, read_command
from producers.dicom.associations.pdus import InvalidPdu, Pdv, command_pdus, p_data, pdvs
from producers.dicom.associations.syntaxes import STORAGE_CLASSES, ExtraSopClasses
from producers.dicom.storage.content_writer import ContentWriter
from producers.dicom.storage.received import ReceivedFile, file_head
from producers.dicom.storage.refusals import CLASS_NOT_SUPPORTED, NOT_AUTHORIZED, OUT_OF_RESOURCES

log = structlog.get_logger("dicom")

# A command set has a few hundred bytes.
_COMMAND_LIMIT_BYTES = 2**16
# What other services send: queries, steps, lists of instances.
_OTHER_LIMIT_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a receiver needs of its association.

    contexts: the accepted presentation contexts, by id. maximum_length: of PDUs that the peer takes.
    store: the status of an image that is whole. send: bytes to the peer. pass_on: a PDU to the library.
    """

    contexts: Mapping[int, Any]
    maximum_length: int
    store: Callable[[Command, Any, ReceivedFile], int]
    send: Callable[[bytes], None]
    pass_on: Callable[[bytes], None]


class MessageReceiver:
    """Takes the bodies of P-DATA PDUs, one after the other."""

    def __init__(
        self,
        exchange: Exchange,
        new_writer: Callable[[bytes], ContentWriter],
        maximum_data_set_bytes: int,
        extra: ExtraSopClasses,
    ) -> None:
        self._exchange = exchange
        self._new_writer = new_writer
        self._maximum = maximum_data_set_bytes
        self._extra = extra
        self._command = bytearray()
        self._held: list[Pdv] = []
        self._image: _Image | None = None
        self._other_bytes: int | None = None

    def take(self, body: memoryview) -> bool:
        """Whether the library got something of it. Raises InvalidPdu where the association cannot go on."""
        has_passed = False
        for pdv in pdvs(body):
            if pdv.context_id not in self._exchange.contexts:
                raise InvalidPdu(f"presentation context {pdv.context_id} was not accepted")
            if self._image is not None:
                self._take_data(self._image, pdv)
            elif self._other_bytes is not None:
                self._pass_data(pdv)
                has_passed = True
            else:
                has_passed = self._take_command(pdv) or has_passed
        return has_passed

    def close(self) -> None:
        """Throw away what is not whole. Idempotent."""
        if self._image is not None:
            self._image.writer.close()
            self._image = None

    def _take_command(self, pdv: Pdv) -> bool:
        if not pdv.is_command:
            raise InvalidPdu("a data set without a command")
        if self._held and self._held[0].context_id != pdv.context_id:
            raise InvalidPdu("a command in two presentation contexts")
        self._command += pdv.fragment
        # The buffer that the fragment is a view of is used again for the next PDU.
        self._held.append(pdv._replace(fragment=memoryview(bytes(pdv.fragment))))
        if len(self._command) > _COMMAND_LIMIT_BYTES or len(self._held) > _COMMAND_LIMIT_BYTES // 16:
            raise InvalidPdu("a command set that does not end")
        return pdv.is_last and self._start(pdv.context_id)

    def _start(self, context_id: int) -> bool:
        command = read_command(self._command)
        held, self._held = self._held, []
        self._command.clear()
        if command.field != C_STORE_RQ:
            for pdv in held:
                self._exchange.pass_on(p_data(pdv))
            self._other_bytes = 0 if command.has_data_set else None
            return True
        image = self._image_of(command, context_id)
        if command.has_data_set:
            self._image = image
        else:
            self._answer(command, context_id, image.finish())
        return False

    def _image_of(self, command: Command, context_id: int) -> _Image:
        syntax = str(self._exchange.contexts[context_id].transfer_syntax[0])
        head = file_head(command.sop_class_uid, command.sop_instance_uid, syntax)
        return _Image(command, context_id, self._new_writer(head), len(head))

    def _pass_data(self, pdv: Pdv) -> None:
        self._other_bytes = (self._other_bytes or 0) + len(pdv.fragment)
        if pdv.is_command or self._other_bytes > _OTHER_LIMIT_BYTES:
            raise InvalidPdu("a command within a data set, or a data set that does not end")
        self._exchange.pass_on(p_data(pdv))
        if pdv.is_last:
            self._other_bytes = None

    def _take_data(self, image: _Image, pdv: Pdv) -> None:
        if pdv.is_command or pdv.context_id != image.context_id:
            raise InvalidPdu("a command or another presentation context within a data set")
        image.size_bytes += len(pdv.fragment)
        if image.size_bytes > self._maximum:
            raise InvalidPdu(f"a data set of more than {self._maximum} bytes")
        image.write(pdv.fragment)
        if pdv.is_last:
            self._image = None
            self._answer(image.command, image.context_id, image.finish())

    def _answer(self, command: Command, context_id: int, file: ReceivedFile | None) -> None:
        context = self._exchange.contexts[context_id]
        syntax = str(context.abstract_syntax)
        try:
            if syntax not in STORAGE_CLASSES and not self._extra.has(syntax):
                status = CLASS_NOT_SUPPORTED
            elif not context.as_scp:
                status = NOT_AUTHORIZED
            elif file is None:
                status = OUT_OF_RESOURCES
            else:
                status = self._exchange.store(command, context, file)
        finally:
            if file is not None:
                file.content.close()
        answer = c_store_response(command, status)
        self._exchange.send(command_pdus(context_id, answer, self._exchange.maximum_length))


@dataclass(slots=True)
class _Image:
    """A C-STORE whose data set is on its way. is_lost: the disk did not take it; the rest is read anyway."""

    command: Command
    context_id: int
    writer: ContentWriter
    head_bytes: int
    size_bytes: int = 0
    is_lost: bool = False

    def write(self, fragment: memoryview) -> None:
        if self.is_lost:
            return
        try:
            self.writer.write(fragment)
        except OSError as error:
            self._lose(error)

    def finish(self) -> ReceivedFile | None:
        try:
            if self.is_lost:
                return None
            return ReceivedFile(self.writer.finish(), self.head_bytes, self.writer.sha256)
        except OSError as error:
            self._lose(error)
            return None

    def _lose(self, error: OSError) -> None:
        log.warning("not received", error=f"{type(error).__name__}: {error.strerror}")
        self.is_lost = True
        self.writer.close()
