"""The series of an exam, and a small picture of each."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import partial

import anyio
import anyio.to_thread

from dashboards.access.log import AccessLog
from dashboards.access.views import View
from dashboards.analytics import Analytics
from dashboards.as_of.sql import EVER, UNTIL, Until
from dashboards.cards import Json
from dashboards.pictures.errors import NotShown
from dashboards.pictures.store import ImageStore
from dashboards.pictures.thumbnail import thumbnail

_REMEMBERED = 512
_AT_ONCE = 2

# Images of one series; the one in the middle stands for it. Images that came under another exam_id and were
# reconciled belong here as well.
_SERIES = f"""
SELECT
    series_instance_uid,
    any(study_instance_uid) AS study_instance_uid,
    any(modality) AS modality,
    any(body_part) AS body_part,
    min(series_number) AS number,
    count() AS images,
    sum(size_bytes) AS size_bytes,
    groupUniqArray(4)(calling_ae_title) AS stations,
    min(acquired_at) AS first_acquired_at,
    min(occurred_at) AS first_stored_at,
    max(occurred_at) AS last_stored_at,
    arraySort(groupArray((ifNull(instance_number, 0), sop_instance_uid)))[intDiv(count(), 2) + 1].2 AS middle
FROM v_instances
WHERE (exam_id = {{exam_id:String}} OR exam_id IN (
    SELECT exam_id FROM v_worklist WHERE reconciled_into = {{exam_id:String}} AND {{exam_id:String}} != ''
        AND {{with_joined:Bool}}))
    AND {UNTIL}
GROUP BY series_instance_uid
HAVING {{after:String}} = ''
    OR (ifNull(number, 0), series_instance_uid) > ({{after_number:Int64}}, {{after:String}})
ORDER BY ifNull(number, 0), series_instance_uid LIMIT {{limit:UInt32}}
"""  # noqa: S608 - made from our own constants

_PLACE = """
SELECT object_key FROM v_instances
WHERE sop_instance_uid = {uid:String} AND (exam_id = {exam_id:String} OR exam_id IN (
    SELECT exam_id FROM v_worklist WHERE reconciled_into = {exam_id:String} AND {exam_id:String} != ''))
ORDER BY occurred_at LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class _Picture:
    key_id: str
    content: bytes


class Gallery:
    """One event loop owns it; images are opened in threads, a few at once."""

    def __init__(self, analytics: Analytics, store: ImageStore | None, access: AccessLog) -> None:
        """Without a store or a key ring to open it there are no pictures."""
        self._analytics = analytics
        self._store = store
        self._access = access
        self._known: OrderedDict[tuple[str, str], _Picture] = OrderedDict()
        self._limit: anyio.CapacityLimiter | None = None

    @property
    def shows_pictures(self) -> bool:
        """Whether images can be opened here at all."""
        return self._store is not None

    async def series(
        self,
        exam_id: str,
        after: tuple[int, str],
        limit: int,
        *,
        until: Until = EVER,
        with_joined: bool = True,
    ) -> list[Json]:
        """The series by number, at most `limit` after the one at `after`. Raises AnalyticsUnavailable.

        until: Of the images that counted then. with_joined: Those that were reconciled with the exam, too.
        """
        after_number, after_uid = after
        place = {"after": after_uid, "after_number": after_number, "limit": limit}
        asked = {**until.parameters, **place, "exam_id": exam_id, "with_joined": with_joined}
        return [dict(row) for row in await self._analytics.ask(until.put_into(_SERIES), asked)]

    async def picture(self, exam_id: str, sop_instance_uid: str, view: View) -> bytes | None:
        """A WebP; None where the exam has no such image. `view` is recorded before it is opened.

        Raises NotShown, NotAvailable, NotRecorded, AnalyticsUnavailable.
        """
        if self._store is None:
            raise NotShown("no-key-ring", "No key ring is configured: images stay closed")
        self._limit = self._limit or anyio.CapacityLimiter(_AT_ONCE)
        place = (exam_id, sop_instance_uid)
        object_key = ""
        if place not in self._known:
            rows = await self._analytics.ask(_PLACE, {"exam_id": exam_id, "uid": sop_instance_uid})
            if not rows:
                return None
            object_key = str(rows[0]["object_key"])
        make = partial(self._make, self._store, self._access, place, object_key, view)
        picture = await anyio.to_thread.run_sync(make, limiter=self._limit)
        self._remember(place, picture)
        return picture.content

    def close(self) -> None:
        """End the connections."""
        if self._store is not None:
            self._store.close()

    def _make(
        self, store: ImageStore, access: AccessLog, place: tuple[str, str], object_key: str, view: View
    ) -> _Picture:
        known = self._known.get(place)
        if known is not None:
            store.check_key(known.key_id)
        access.record(view)
        if known is not None:
            return known
        opened = store.open(object_key, place[1])
        return _Picture(opened.key_id, thumbnail(opened.content))

    def _remember(self, place: tuple[str, str], picture: _Picture) -> None:
        self._known[place] = picture
        self._known.move_to_end(place)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
