"""The registry's errors, with the codes of Confluent's REST API.

StartError       the registry cannot start; the message says what to do
RegistryError    a request cannot be met: HTTP status, error code and text
"""

from __future__ import annotations


class StartError(RuntimeError):
    """The registry cannot start. The message names the reason and the next step."""


class RegistryError(Exception):
    """A request cannot be met. The first three digits of `error_code` are the HTTP status."""

    def __init__(self, error_code: int, message: str) -> None:
        super().__init__(message)
        self.error_code = error_code
        self.message = message

    @property
    def status(self) -> int:
        """The HTTP status of the answer."""
        return int(str(self.error_code)[:3])


def subject_not_found(subject: str) -> RegistryError:
    """40401."""
    return RegistryError(40401, f"Subject '{subject}' not found.")


def version_not_found(version: object) -> RegistryError:
    """40402."""
    return RegistryError(40402, f"Version {version} not found.")


def schema_not_found(what: object = None) -> RegistryError:
    """40403."""
    return RegistryError(40403, "Schema not found" if what is None else f"Schema {what} not found")


def invalid_schema(reason: str) -> RegistryError:
    """42201."""
    return RegistryError(42201, f"Invalid schema: {reason}")
