"""A stream ends with what it was opened by: the session, the token, the sight of names."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from dashboards.access.identity import Identity
from dashboards.frames import Frame
from dashboards.sight import Sight, Withheld

_ASK_EVERY_S = 1.0
# Who sees no names because Kafka cannot record it comes back after so long, and may then see them.
_NOT_RECORDED_S = 15.0


async def while_it_holds(
    frames: AsyncIterator[Frame], identity: Identity, sight: Sight
) -> AsyncIterator[Frame]:
    """`frames`, until the session ends or the token is revoked: noticed with the next frame after a second.

    A frame comes every few seconds, whatever happens.
    """
    began_s = asked_s = time.monotonic()
    async for frame in frames:
        now_s = time.monotonic()
        if now_s - asked_s >= _ASK_EVERY_S:
            if not identity.still():
                return
            asked_s = now_s
        if sight.withheld is Withheld.NOT_RECORDED and now_s - began_s >= _NOT_RECORDED_S:
            return
        yield frame
