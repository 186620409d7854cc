"""Dead letters of the DICOM sink: the studies sent after all, as the destination is configured now."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import partial

from runtime.dead_letters.log import event_of
from runtime.dead_letters.outcome import DELIVERED, CannotRetry, Outcome
from schemas.codec import Codec
from schemas.deadletters import DeadLetter
from schemas.errors import KeyDestroyed, RegistryUnavailable
from schemas.phi import KeyRing
from sinks.delivering.errors import NotReady, NotSendable, NotTaken, Unavailable, Unreachable
from sinks.delivering.job import Job, Wanted
from sinks.delivering.saying import Speaker
from sinks.dicom.choosing import Chooser
from sinks.dicom.config import DicomOutConfig
from sinks.dicom.destinations import Destination
from sinks.dicom.images import ImageStore
from sinks.dicom.index import ImageIndex
from sinks.dicom.indexing import Indexer
from sinks.dicom.sending import DicomCarrier
from sinks.dicom.service import CATCH_UP_S


def send_again(
    payload: bytes,
    letter: DeadLetter,
    config: DicomOutConfig,
    *,
    codec: Codec,
    ring: KeyRing,
    speaker: Speaker,
) -> Outcome:
    """What the letter's event sends to its destination now, without what is there already.

    Raises CannotRetry, NotSaid.
    """
    to = next((one for one in config.destinations if one.name == letter.destination), None)
    if to is None:
        raise CannotRetry(f"no destination is called {letter.destination}: see RADSTREAM_DICOM_DESTINATIONS")
    event = event_of(payload, codec)
    with (
        closing(ImageIndex(config.state_directory)) as index,
        closing(ImageStore(config.images, ring)) as images,
        closing(Indexer(index, codec, config.kafka_bootstrap)) as indexer,
    ):
        try:
            indexer.catch_up(CATCH_UP_S)
        except (Unavailable, RegistryUnavailable) as error:
            raise CannotRetry(str(error)) from error
        wanted = Chooser(to, codec, index, partial(indexer.catch_up, CATCH_UP_S)).wanted(event)
        if not wanted:
            raise CannotRetry(f"the rules of {to.name} send nothing for this {type(event).__name__} any more")
        carrier = DicomCarrier(to, ring=ring, index=index, images=images, now=config.now)
        return _sent(carrier, to, [_job(one, payload) for one in wanted], speaker)


def _sent(carrier: DicomCarrier, to: Destination, jobs: Sequence[Job], speaker: Speaker) -> Outcome:
    for job in jobs:
        line = carrier.line()
        try:
            line.send_study(job)
        except KeyDestroyed as error:
            raise CannotRetry("the patient was erased: there is nothing left to send") from error
        except (Unreachable, NotReady) as error:
            raise CannotRetry(f"{to.name}: {error}") from error
        except (NotSendable, NotTaken) as error:
            return Outcome(None, str(error))
        finally:
            line.stop()
            speaker.say(carrier.delivered(job))
    return Outcome(DELIVERED, "0x0000")


def _job(wanted: Wanted, payload: bytes) -> Job:
    return Job(wanted.lane, wanted.event, payload, None, 0, 0, 0.0)
