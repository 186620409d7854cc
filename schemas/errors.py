"""What can be wrong with what is said.

    SchemaError
    ├── DecodeError            bytes that are no event of ours
    │   ├── WrongMagicByte
    │   ├── TruncatedRecord
    │   ├── UnknownSchemaId
    │   ├── UnknownRecord      a record whose name this version does not know
    │   ├── NewerRecord        a record of ours under a schema that this version cannot read
    │   └── NotAnImage         an object that is no sealed image of a known version
    ├── RegistryUnavailable    no answer from the schema registry
    └── PhiError
        ├── KeyNotFound        no such key: never made here, or erased
        │   └── KeyDestroyed   erased, with the patient
        ├── WrongKey           the ciphertext was not made with this key for this event
        └── KeyRingUnusable    wrong permissions, a damaged key, a store of keys that refuses
            └── KeyRingUnreachable  the store of keys gives no answer: try again

No message carries plaintext or ciphertext.
"""

from __future__ import annotations


class SchemaError(Exception):
    """Root of the tree."""


class DecodeError(SchemaError):
    """The bytes are no event of ours."""


class WrongMagicByte(DecodeError):
    """The value does not begin with the Confluent magic byte 0."""


class TruncatedRecord(DecodeError):
    """The bytes end before the record does, or do not fit its schema."""


class UnknownSchemaId(DecodeError):
    """The registry does not know the schema id."""


class UnknownRecord(DecodeError):
    """The writer's record has a name that this version does not know."""


class NotAnImage(DecodeError):
    """The object is no sealed image, or one of a version that this one does not know."""


class NewerRecord(DecodeError):
    """The writer's schema does not resolve to this version's: a newer, incompatible one wrote it."""


class RegistryUnavailable(SchemaError):
    """The schema registry gives no answer."""


class PhiError(SchemaError):
    """Protected health information cannot be sealed or opened."""


class KeyNotFound(PhiError):
    """No such key: never made here, or erased."""


class KeyDestroyed(KeyNotFound):
    """The key was destroyed: what it sealed stays closed for ever."""


class WrongKey(PhiError):
    """The ciphertext was not made with this key for this event."""


class KeyRingUnusable(PhiError):
    """Wrong permissions, a damaged key, or a store of keys that refuses."""


class KeyRingUnreachable(KeyRingUnusable):
    """The store of keys gives no answer; later it may."""
