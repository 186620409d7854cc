"""Study Root Query/Retrieve - FIND as SCP (DICOM PS3.4 C.4.1, C.6.2): what the catalogue answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from pynetdicom import evt

from producers.dicom.associations.services import Handler, SupportedContext
from producers.dicom.catalogue.catalogue import Catalogue
from producers.dicom.query.find_answers import Answer, CannotAnswer, answers, guarded, keys_asked
from producers.dicom.query.items import described, item_of
from producers.dicom.query.levels import Level, is_exact, level_of, narrowing, values_of
from producers.dicom.query.matching import Item, Key, matches
from producers.dicom.query.recording import QueryLog
from producers.dicom.query.rows import candidates
from producers.dicom.worklist.items import issuer_in
from producers.publishing import PublishFailed
from schemas.errors import KeyNotFound, WrongKey
from schemas.identity import patient_key
from schemas.parts import Phi, SealedPhi
from schemas.phi import KeyRing, open_sealed

log = structlog.get_logger("dicom")

STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
_SEALED = frozenset(described(Phi()))
_RETRIEVE_AE_TITLE = Key("RetrieveAETitle", "AE")
# Rows that are looked at between two looks for a C-CANCEL.
_ROWS_AT_ONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryConfig:
    """ae_title: ours, from which is retrieved what was found. site, site_secret: make pseudonyms.

    maximum_answers: after so many matches a query ends with Out of Resources (0xA700).
    maximum_rows: the same after so many of the catalogue's rows that an index could not rule out.
    await_s: how long a query waits for the catalogue after a start.
    """

    ae_title: str
    site: str
    site_secret: bytes = field(repr=False)
    maximum_answers: int = 5_000
    maximum_rows: int = 200_000
    await_s: float = 5.0


class QueryService:
    """Answers from the catalogue; what is sealed is opened for those rows only that match otherwise."""

    def __init__(self, config: QueryConfig, catalogue: Catalogue, ring: KeyRing, queries: QueryLog) -> None:
        """`catalogue` is filled by someone else; `queries` has who asks, before they are answered."""
        self._queries = queries
        self._config = config
        self._catalogue = catalogue
        self._ring = ring

    def contexts(self) -> Sequence[SupportedContext]:
        """Study Root Query/Retrieve Information Model - FIND."""
        return [SupportedContext(STUDY_ROOT_FIND)]

    def handlers(self) -> Sequence[Handler]:
        """C-FIND."""
        return [(evt.EVT_C_FIND, self.on_find)]

    def on_find(self, event: Any) -> Iterator[Answer]:
        """Statuses and matches. Never raises."""
        return guarded(event, self._find)

    def _find(self, event: Any) -> Iterator[Answer]:
        keys = keys_asked(event)
        level = level_of(keys)
        if not self._catalogue.await_read(self._config.await_s):
            raise CannotAnswer("the catalogue is being read")
        if not any(key.keyword == _RETRIEVE_AE_TITLE.keyword for key in keys):
            keys = (*keys, _RETRIEVE_AE_TITLE)  # C.4.1.1.3.2: it stands in every answer
        try:
            self._queries.record(event, f"C-FIND, study root, {level.name}")
        except PublishFailed:
            raise CannotAnswer("who asks cannot be recorded") from None
        count = yield from answers(event, keys, self.items(keys, level), self._config.maximum_answers)
        calling = str(event.assoc.requestor.ae_title).strip()
        log.info("query answered", calling_ae_title=calling, query_level=level.name, matches=count)

    def items(self, keys: Sequence[Key], level: Level) -> Iterator[Item | None]:
        """What matches; None for a while of looking. Raises PhiError, CatalogueUnavailable, CannotAnswer."""
        sealed = [key for key in keys if key.keyword in _SEALED]
        plain = [key for key in keys if key.keyword not in _SEALED]
        opened: dict[str, Phi | None] = {}
        with self._catalogue.reading() as connection:
            within = narrowing(keys, self._patient_keys(keys, connection))
            for number, row in enumerate(candidates(connection, level, within)):
                if number == self._config.maximum_rows:
                    raise CannotAnswer("too much to look through: narrow the query")
                if number % _ROWS_AT_ONCE == _ROWS_AT_ONCE - 1:
                    yield None
                item = item_of(row, level, self._config.ae_title)
                phi = self._opened(row, opened) if matches(plain, item) else None
                if phi is not None and matches(sealed, about := described(phi)):
                    yield {**item, **about}

    def _opened(self, row: sqlite3.Row, opened: dict[str, Phi | None]) -> Phi | None:
        """None where the patient was erased. The images of a series are opened once."""
        event_id = str(row["phi_event_id"])
        if event_id not in opened:
            opened.clear()
            opened[event_id] = self._open(row, event_id)
        return opened[event_id]

    def _open(self, row: sqlite3.Row, event_id: str) -> Phi | None:
        if row["phi_ciphertext"] is None:
            return Phi()  # an image without a patient's id
        try:
            return open_sealed(self._ring, event_id, _sealed(row))
        except KeyNotFound:
            return None
        except WrongKey:
            log.error("an image's patient does not open", event_id=event_id)
            return None

    def _patient_keys(self, keys: Sequence[Key], connection: sqlite3.Connection) -> list[str] | None:
        """The pseudonyms that an exact Patient ID has, of the issuer that is named, else of those we know."""
        numbers = values_of(keys, "PatientID")
        if not is_exact(numbers):
            return None
        issuers = values_of(keys, "IssuerOfPatientID")
        if not is_exact(issuers):
            known = connection.execute("SELECT name FROM issuers").fetchall()
            issuers = (self._config.site, *(issuer_in(str(name)) for (name,) in known))
        secret = self._config.site_secret
        return [
            patient_key(secret, issuer, number) for issuer in dict.fromkeys(issuers) for number in numbers
        ]


def _sealed(row: sqlite3.Row) -> SealedPhi:
    return SealedPhi(key_id=row["key_id"], nonce=row["phi_nonce"], ciphertext=row["phi_ciphertext"])
