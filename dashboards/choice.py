"""Which exams a figure is of: site, modality, priority, patient class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FILTERS = ("site", "modality", "priority", "patient_class")

# An exam without a priority is a routine one.
CHOSEN = """({site:String} = '' OR site = {site:String})
  AND ({modality:String} = '' OR modality = {modality:String})
  AND ({priority:String} = '' OR if(priority = '', 'ROUTINE', priority) = {priority:String})
  AND ({patient_class:String} = '' OR patient_class = {patient_class:String})"""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is empty lets all exams through."""

    site: str = ""
    modality: str = ""
    priority: str = ""
    patient_class: str = ""

    def parameters(self) -> dict[str, str]:
        """The values of CHOSEN."""
        return {name: getattr(self, name) for name in FILTERS}


ALL_EXAMS = Chosen()


def read_chosen(asked: Mapping[str, str]) -> Chosen:
    """What the parameters of a question choose."""
    return Chosen(**{name: asked.get(name, "") for name in FILTERS})
