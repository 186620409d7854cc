"""Dead letters of the webhook sink: the request made after all."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.dead_letters.outcome import DELIVERED, CannotRetry, Outcome
from schemas.codec import Codec
from schemas.deadletters import DeadLetter
from schemas.errors import DecodeError
from schemas.views import AlertRow
from sinks.delivering.errors import InvalidDestinations, NotReady, NotSendable, NotTaken, Unreachable
from sinks.webhook.destinations import WebhookDestination
from sinks.webhook.sending import HttpLine
from sinks.webhook.signing import read_secret


async def notify_again(
    payload: bytes, letter: DeadLetter, codec: Codec, destinations: Sequence[WebhookDestination]
) -> Outcome:
    """The same alert with the same id, signed anew. Raises CannotRetry."""
    to = next((one for one in destinations if one.name == letter.destination), None)
    if to is None:
        raise CannotRetry(f"the file of webhooks has no destination {letter.destination} any more")
    try:
        row = codec.decode(payload)
        line = HttpLine(to, read_secret(to.secret_file))
    except (DecodeError, InvalidDestinations) as error:
        raise CannotRetry(str(error)) from error
    if not isinstance(row, AlertRow):
        raise CannotRetry("the payload is no alert")
    try:
        return Outcome(DELIVERED, await line.post(row))
    except Unreachable as error:
        raise CannotRetry(f"{to.name} cannot be reached: {error}") from error
    except NotReady as error:
        raise CannotRetry(str(error)) from error
    except NotSendable as error:
        return Outcome(None, error.reason)
    except NotTaken as error:
        return Outcome(None, str(error))
    finally:
        await line.close()
