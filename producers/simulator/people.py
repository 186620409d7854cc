"""The people of the simulated department. All are invented; none has ever been a patient anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from producers.simulator.draws import Draws, digest_of

_FAMILY_NAMES = """
    Abara Aldous Anker Báthori Bellweather Brandt Calloway Castellan Çelik Dahlgren Delacourt Duarte Eastmere
    Eklund Fairbairn Farouk Fennimore Galloway Gräf Halvorsen Hartwell Ibarra Ingram Jankowski Jarvela Kaplan
    Kestrel Kowal Lindqvist Lovelock Maddox Marchetti Moreau Nakata Nightwood Nuñez Okafor Ostrander Pemberton
    Petrov Quigley Quint Rainford Rossi Sandoval Sorensen Tamura Thistle Underhill Vance Varga Wakefield
    Whitlock Xu Yarrow Yilmaz Zamora Zielinska
"""
_GIVEN_NAMES_F = """
    Ada Beatriz Chiara Dorothea Elif Freya Greta Hana Imogen Jolanta Kezia Lucía Maren Nadia Odette Petra
    Rosalind Sunniva Thandeka Ursula Vera Winifred Yasmin Zoë
"""
_GIVEN_NAMES_M = """
    Anselm Bruno Casimir Dmitri Emil Felix Gideon Hugo Ismael Jörg Kenji Leopold Mateo Nils Oscar Pascal
    Quentin Ravi Stefan Tobias Umberto Viktor Wendell Yusuf
"""
_FAMILIES = tuple(_FAMILY_NAMES.split())
_GIVEN = {"F": tuple(_GIVEN_NAMES_F.split()), "M": tuple(_GIVEN_NAMES_M.split())}
_EARLIEST_BIRTH = date(1930, 1, 1)
_BIRTH_DAYS = 32_000


@dataclass(frozen=True, slots=True)
class Patient:
    """One patient; `sex` by HL7 table 0001."""

    mrn: str
    family_name: str
    given_name: str
    birth_date: date
    sex: str


@dataclass(frozen=True, slots=True)
class StaffMember:
    """One of the staff: local number and name."""

    code: str
    family_name: str
    given_name: str


def patient(seed: int, site: str, number: int) -> Patient:
    """The patient `number` of a site: the same one in every run."""
    draws = Draws(seed, site, "patient", number)
    sex = "F" if draws.happens(0.52) else "M"
    return Patient(
        mrn=f"{digest_of(seed, site, 'mrn').hex()[:3].upper()}{number:06d}",
        family_name=draws.one_of(_FAMILIES),
        given_name=draws.one_of(_GIVEN[sex]),
        # The larger of two draws of age: the old are examined more often than the young.
        birth_date=_EARLIEST_BIRTH + timedelta(days=min(draws.below(_BIRTH_DAYS), draws.below(_BIRTH_DAYS))),
        sex=sex,
    )


@lru_cache(maxsize=1024)
def staff_member(seed: int, site: str, role: str, number: int) -> StaffMember:
    """The person `number` of a role; `role` is the letter that the number begins with."""
    draws = Draws(seed, site, "staff", role, number)
    given_names = _GIVEN["F" if draws.happens(0.5) else "M"]
    return StaffMember(
        code=f"{role}{number:03d}",
        family_name=draws.one_of(_FAMILIES),
        given_name=draws.one_of(given_names),
    )
