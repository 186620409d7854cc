"""Dead letters of the listeners, sent to them again as their senders did: MLLP and C-STORE."""

from __future__ import annotations

import ssl
from io import BytesIO

from pydicom import FileDataset, dcmread
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID
from pynetdicom import AE
from pynetdicom.association import Association

from producers.dicom.associations.checkpoint import PAUSES_FOR_SENDERS
from runtime.dead_letters.outcome import DICOM_STORED, HL7_ACCEPTED, CannotRetry, Outcome
from runtime.settings import Settings
from schemas.deadletters import DeadLetter
from sinks.delivering.errors import NoAnswer, Unreachable
from sinks.hl7.connection import MllpConnection
from sinks.hl7.destinations import Destination

_ANSWER_TIMEOUT_S = 30.0
_SUCCESS = 0x0000
_WARNING = 0xB
_UNNAMED = "RADSTREAM"


async def send_to_hl7_listener(content: bytes, settings: Settings) -> Outcome:
    """The message to our listener, byte by byte as it came. Raises CannotRetry where nobody answers."""
    to = Destination(
        name="hl7-listener",
        host=settings.host,
        port=settings.hl7_port,
        events=frozenset(),
        answer_timeout_s=_ANSWER_TIMEOUT_S,
    )
    connection = MllpConnection(to, _own_listener() if settings.hl7_tls_certificate else None)
    try:
        answer = await connection.send(content, control_id_of(content))
    except Unreachable as error:
        raise CannotRetry(f"the HL7 listener does not answer ({error}): see `radstream status`") from error
    except NoAnswer as error:
        raise CannotRetry(
            f"the HL7 listener gave no answer ({error}): a message that asks for none in MSH-15 and MSH-16 "
            "gets none; the log tells whether it was taken"
        ) from error
    finally:
        await connection.close()
    return Outcome(HL7_ACCEPTED if answer.is_accepted else None, answer.code)


def control_id_of(content: bytes) -> str:
    """MSH-10 as it stands in the message; empty where there is none."""
    separator = content[3:4]
    if not content.startswith(b"MSH") or not separator:
        return ""
    fields = content.replace(b"\n", b"\r").partition(b"\r")[0].split(separator)
    return fields[9].decode("latin-1").strip() if len(fields) > 9 else ""


def _own_listener() -> ssl.SSLContext:
    """TLS to a process of our own on our own address: whose certificate it is need not be checked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def send_to_dicom_listener(content: bytes, letter: DeadLetter, settings: Settings) -> Outcome:
    """The file to our application entity by C-STORE, in its own transfer syntax. Raises CannotRetry."""
    dataset = _dataset(content)
    association = _associated(dataset, (letter.source.system or _UNNAMED)[:16], settings)
    try:
        status = association.send_c_store(dataset).get("Status")
    except (ValueError, RuntimeError) as error:
        raise CannotRetry(
            f"the DICOM listener does not take this SOP class: {type(error).__name__}"
        ) from error
    finally:
        association.release()
    if status is None:
        raise CannotRetry("the DICOM listener gave no answer")
    is_stored = status == _SUCCESS or status >> 12 == _WARNING
    return Outcome(DICOM_STORED if is_stored else None, f"0x{status:04X}")


def _dataset(content: bytes) -> FileDataset:
    """Raises CannotRetry where it does not say what it is."""
    try:
        dataset = dcmread(BytesIO(content))
        UID(dataset.file_meta.MediaStorageSOPClassUID)
        dataset.file_meta.TransferSyntaxUID  # noqa: B018 - it raises
    except (InvalidDicomError, AttributeError, ValueError, EOFError) as error:
        raise CannotRetry(
            f"no DICOM file that could be sent ({type(error).__name__}): `show --payload -o FILE` writes it"
        ) from error
    return dataset


def _associated(dataset: FileDataset, calling_ae_title: str, settings: Settings) -> Association:
    """Raises CannotRetry."""
    entity = AE(ae_title=calling_ae_title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = _ANSWER_TIMEOUT_S
    meta = dataset.file_meta
    entity.add_requested_context(UID(meta.MediaStorageSOPClassUID), meta.TransferSyntaxUID)
    association = entity.associate(
        settings.host,
        settings.dicom_port,
        ae_title=settings.dicom_ae_title,
        evt_handlers=[PAUSES_FOR_SENDERS],
        tls_args=_dicom_tls(settings),
    )
    if association.is_rejected:
        raise CannotRetry(
            f"the DICOM listener rejects {entity.ae_title} from here: the networks of that peer "
            "(RADSTREAM_DICOM_PEERS) have to hold this machine, and it may not need a user"
        )
    if not association.is_established:
        raise CannotRetry("the DICOM listener accepts no association: see `radstream status`")
    return association


def _dicom_tls(settings: Settings) -> tuple[ssl.SSLContext, str] | None:
    """Its own certificate is what we show where it wants one."""
    if settings.dicom_tls_certificate is None:
        return None
    context = _own_listener()
    if settings.dicom_tls_client_authority is not None:
        context.load_cert_chain(settings.dicom_tls_certificate, settings.dicom_tls_key)
    return context, settings.host
