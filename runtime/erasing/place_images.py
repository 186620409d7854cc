"""The patient's images in the object store: the header of each names the key that it is sealed under."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from clickhouse_connect.driver.client import Client
from minio import Minio

from runtime.erasing.search import PartSearch, Seen
from schemas.errors import DecodeError
from schemas.image_format import HEADER_LIMIT_BYTES, read_header
from sinks.archive.verification import Tell

_STUDIES = """
SELECT DISTINCT study_instance_uid FROM instances
WHERE (patient_key IN {keys:Array(String)} OR exam_id IN {exams:Array(String)}) AND study_instance_uid != ''
UNION DISTINCT
SELECT DISTINCT JSONExtractString(payload, 'study_instance_uid') FROM events
WHERE patient_key IN {keys:Array(String)} AND event_type = 'InstanceQuarantined'
"""
_FOLDERS = ("studies", "quarantine")


def studies_of(client: Client, keys: Sequence[str], exams: Sequence[str]) -> list[str]:
    """UIDs of the studies that have, or had, an image of the patient. Raises ClickHouse's own errors."""
    rows = client.query(_STUDIES, parameters={"keys": list(keys), "exams": list(exams)}).result_rows
    return sorted(str(row[0]) for row in rows if row[0])


def search_images(store: Minio, bucket: str, studies: Iterable[str], search: PartSearch, tell: Tell) -> Seen:
    """What the store has of the studies, every object of them. Raises minio's and urllib3's errors."""
    seen = Seen()
    for name, size in _objects(store, bucket, studies):
        beginning = _beginning(store, bucket, name, size)
        seen.examined += 1
        tell("images", seen.examined, seen.examined)
        try:
            key_id = read_header(beginning).key_id
        except DecodeError:
            seen.open += 1
            seen.point_at(f"{name}: not sealed")
            continue
        if key_id.rpartition("/")[0] in search.subjects:
            search.judge(key_id, 1, seen, name)
    return seen


def _objects(store: Minio, bucket: str, studies: Iterable[str]) -> Iterator[tuple[str, int]]:
    for uid in studies:
        for folder in _FOLDERS:
            for one in store.list_objects(bucket, prefix=f"{folder}/{uid}/", recursive=True):
                yield str(one.object_name), one.size or 0


def _beginning(store: Minio, bucket: str, name: str, size: int) -> bytes:
    response = store.get_object(bucket, name, offset=0, length=min(HEADER_LIMIT_BYTES, max(size, 1)))
    try:
        return bytes(response.read())
    finally:
        response.close()
        response.release_conn()
