"""What can go wrong with the local stack. Every message says what to do next.

StackError
├── DataDirectoryError      the data directory cannot be used
│   └── AlreadyRunning      another supervisor holds it
├── SecretError             a secret's file is missing, empty or open to others
├── PortError               a port is taken, or none is free
├── PartFailed              a part never got ready, or dies again and again
├── InstallError            Kafka's jars or a Java to run them with are missing
├── KafkaDataError          the broker's own data directory is damaged
├── TopicError              a topic is not as the code needs it
└── ObjectStoreError        a bucket is not as the code needs it
"""

from __future__ import annotations


class StackError(Exception):
    """Base of all errors of the local stack; `str()` is meant for the person at the terminal."""


class DataDirectoryError(StackError):
    """The data directory cannot be used."""


class AlreadyRunning(DataDirectoryError):
    """Another supervisor runs on the same data directory."""

    def __init__(self, message: str, pid: int | None) -> None:
        super().__init__(message)
        self.pid = pid


class SecretError(StackError):
    """A secret's file cannot be trusted."""


class PortError(StackError):
    """A port is in use, or no free one was found."""


class PartFailed(StackError):
    """A part never became ready, or dies again and again."""

    def __init__(self, part: str, message: str) -> None:
        super().__init__(message)
        self.part = part


class InstallError(StackError):
    """Something that a part needs is not installed and could not be fetched."""


class KafkaDataError(StackError):
    """The broker's data directory is damaged or belongs to another cluster."""


class TopicError(StackError):
    """A topic could not be created, or exists with another shape."""


class ObjectStoreError(StackError):
    """A bucket could not be created, or exists with another shape."""
