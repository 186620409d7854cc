"""What can go wrong between the log and another system.

OutboundError
├── InvalidDestinations   the file of destinations says what cannot be
├── NotSendable           this event can never be this destination's message: a dead letter at once
│   └── Refused           it was sent, and the receiver will never take it
├── Unreachable           no connection: nobody has seen the message
├── NotTaken              it was sent, and the receiver may take it later
│   └── NoAnswer          no answer to it came
├── NotReady              something of ours is away: nothing was sent
├── NotSaid               Kafka did not take what we had to say of it
├── Unavailable           Kafka or its topic is not there, or another process took our place
└── Stopped               a stop was asked for before everything was there

No text carries PHI.
"""

from __future__ import annotations


class OutboundError(Exception):
    """Root of the tree."""


class InvalidDestinations(OutboundError):
    """The file of destinations says what cannot be."""


class NotSendable(OutboundError):
    """This event can never be this destination's message. `reason` is for counting."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Unreachable(OutboundError):
    """No connection."""


class Refused(NotSendable):
    """Sent, and refused for good."""


class NotTaken(OutboundError):
    """Sent, and not taken: it may be later."""


class NoAnswer(NotTaken):
    """Sent, and no answer came: it may have been taken."""


class NotReady(OutboundError):
    """Something of ours is away: nothing was sent."""


class NotSaid(OutboundError):
    """Kafka did not take it."""


class Unavailable(OutboundError):
    """Kafka or its topic is not there, or another process took our place."""


class Stopped(OutboundError):
    """A stop was asked for before everything was there."""
