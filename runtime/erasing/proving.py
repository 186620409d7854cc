"""Whether an erasure holds: every place is searched again for the patient."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.erasing.errors import ErasureRefused
from runtime.erasing.key_ids import parted
from runtime.erasing.places import Searched, search_everywhere
from runtime.erasing.search import PartSearch, names_in_clear
from runtime.governance.session import Session
from schemas.parts import Phi
from sinks.archive.verification import Tell


def prove(session: Session, keys: Sequence[str], named: str | None, tell: Tell) -> list[Searched]:
    """Search again for a patient who was erased; for the number in clear, too, where `named` is `ISSUER|MRN`.

    Raises ErasureRefused where no key of theirs is destroyed, and what the stores raise.
    """
    destroyed = {key: session.ring.generations(key).destroyed for key in keys}
    if not any(destroyed.values()):
        raise ErasureRefused("this patient was not erased: no key of theirs is destroyed")
    for case in session.register().erasures.values():
        if case.confirmed is not None and not set(keys).isdisjoint(case.requested.patient_keys):
            destroyed |= dict(map(parted, case.confirmed.key_ids))
    number = named.partition("|")[2] if named is not None and "|" in named else None
    search = PartSearch(session.ring, destroyed, names_in_clear([Phi(patient_id=number)]))
    return search_everywhere(session, search, keys, tell)
