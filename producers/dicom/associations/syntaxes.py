"""The SOP classes and transfer syntaxes that images may have, and which service a SOP class belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom._uid_dict import UID_dictionary
from pydicom.uid import AllTransferSyntaxes
from pynetdicom import AllStoragePresentationContexts

from producers.dicom.associations.peers import Service

VERIFICATION = "1.2.840.10008.1.1"
_STANDARD_ROOT = "1.2.840.10008."
_UID_DIGITS = 64

# Named storage, but no composite instances of a study: print, directories, and what belongs to no patient
# (PS3.4 annexes I, GG).
_NO_IMAGES = frozenset(
    {
        "1.2.840.10008.1.3.10",
        "1.2.840.10008.1.20.1",
        "1.2.840.10008.1.20.2",
        "1.2.840.10008.5.1.1.27",
        "1.2.840.10008.5.1.4.1.1.200.1",
        "1.2.840.10008.5.1.4.1.1.200.3",
        "1.2.840.10008.5.1.4.1.1.200.7",
        "1.2.840.10008.5.1.4.1.1.201.1",
        "1.2.840.10008.5.1.4.38.1",
        "1.2.840.10008.5.1.4.39.1",
        "1.2.840.10008.5.1.4.43.1",
        "1.2.840.10008.5.1.4.44.1",
        "1.2.840.10008.5.1.4.45.1",
    }
)
# Pixels that stay with the sender (JPIP), encodings that are no data set (MIME, XML), and Papyrus.
_NOT_KEPT = frozenset(
    {
        "1.2.840.10008.1.2.4.94",
        "1.2.840.10008.1.2.4.95",
        "1.2.840.10008.1.2.4.204",
        "1.2.840.10008.1.2.4.205",
        "1.2.840.10008.1.2.6.1",
        "1.2.840.10008.1.2.6.2",
        "1.2.840.10008.1.20",
    }
)

STORAGE_CLASSES = (
    frozenset(str(context.abstract_syntax) for context in AllStoragePresentationContexts)
    | {uid for uid, (name, kind, *_) in UID_dictionary.items() if kind == "SOP Class" and "Storage" in name}
) - _NO_IMAGES
"""Those that the standard has or had, as pydicom and pynetdicom list them."""

TRANSFER_SYNTAXES = (
    frozenset(str(uid) for uid in AllTransferSyntaxes)
    | {uid for uid, (_, kind, *_) in UID_dictionary.items() if kind == "Transfer Syntax"}
) - _NOT_KEPT
"""Those that images are kept in: as they come, never decoded."""

_SERVICES = {
    "1.2.840.10008.5.1.4.31": Service.WORKLIST,
    "1.2.840.10008.3.1.2.3.3": Service.MPPS,
    "1.2.840.10008.3.1.2.3.4": Service.MPPS,
    "1.2.840.10008.3.1.2.3.5": Service.MPPS,
    "1.2.840.10008.1.20.1": Service.COMMITMENT,
    "1.2.840.10008.5.1.4.33": Service.AVAILABILITY,
    **{f"1.2.840.10008.5.1.4.1.2.{model}.1": Service.QUERY for model in (1, 2, 3)},
    **{f"1.2.840.10008.5.1.4.1.2.{model}.{verb}": Service.RETRIEVE for model in (1, 2, 3) for verb in (2, 3)},
}


def service_of(abstract_syntax: str) -> Service | None:
    """Which service it belongs to, of those that are no storage."""
    return _SERVICES.get(abstract_syntax)


@dataclass(frozen=True, slots=True)
class ExtraSopClasses:
    """SOP classes beside the standard's that are stored as well.

    named: these. takes_private: every other one outside the standard's root, as makers define them.
    """

    named: frozenset[str] = frozenset()
    takes_private: bool = False

    @classmethod
    def read(cls, text: str) -> ExtraSopClasses:
        """UIDs and the word `private`, comma-separated. Raises ValueError, which names the wrong one."""
        words = [word.strip() for word in text.split(",") if word.strip()]
        uids = [word for word in words if word != "private"]
        for uid in uids:
            digits = uid.split(".")
            if len(uid) > _UID_DIGITS or not all(part.isascii() and part.isdigit() for part in digits):
                raise ValueError(f"{uid!r} is no UID; expected UIDs, or `private`")
            if uid in UID_dictionary and uid not in STORAGE_CLASSES:
                raise ValueError(f"{uid} is {UID_dictionary[uid][0]}, and no storage")
        return cls(frozenset(uids), "private" in words)

    def has(self, abstract_syntax: str) -> bool:
        """Whether it is stored."""
        return abstract_syntax in self.named or (
            self.takes_private and not abstract_syntax.startswith(_STANDARD_ROOT)
        )
