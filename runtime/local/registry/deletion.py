"""Deleting in two steps: first for readers, then for good."""

from __future__ import annotations

from runtime.local.registry.errors import RegistryError, subject_not_found
from runtime.local.registry.registry import Registry
from runtime.local.registry.store import Version


def delete_subject(registry: Registry, subject: str, *, permanent: bool) -> list[int]:
    """Delete all versions of a subject; their numbers. Raises RegistryError 40401, 40404, 40405, 42206."""
    with registry.store.transaction():
        every = registry.store.versions(subject=subject)
        live = [each for each in every if not each.deleted]
        if not every:
            raise subject_not_found(subject)
        if not live and not permanent:
            text = f"Subject '{subject}' was soft deleted. Set permanent=true to delete permanently"
            raise RegistryError(40404, text)
        if live and permanent:
            text = f"Subject '{subject}' was not deleted first before being permanently deleted"
            raise RegistryError(40405, text)
        doomed = every if permanent else live
        for each in doomed:
            _delete(registry, each, permanent=permanent)
        if permanent:
            registry.store.set_option("compatibility", None, subject)
            registry.store.set_option("mode", None, subject)
        return [each.version for each in doomed]


def delete_version(registry: Registry, subject: str, number: str, *, permanent: bool) -> int:
    """Delete one version; its number. Raises RegistryError 40401, 40402, 40406, 40407, 42202, 42206."""
    with registry.store.transaction():
        version = registry.version(subject, number, deleted=number.isdecimal())
        if version.deleted and not permanent:
            text = (
                f"Subject '{subject}' Version {version.version} was soft deleted. "
                "Set permanent=true to delete permanently"
            )
            raise RegistryError(40406, text)
        if permanent and not version.deleted:
            text = (
                f"Subject '{subject}' Version {version.version} was not deleted first "
                "before being permanently deleted"
            )
            raise RegistryError(40407, text)
        _delete(registry, version, permanent=permanent)
        return version.version


def _delete(registry: Registry, version: Version, *, permanent: bool) -> None:
    if users := registry.referenced_by(version):
        text = f"One or more references exist to the schema {version.subject}:{version.version}: ids {users}"
        raise RegistryError(42206, text)
    if permanent:
        registry.store.erase(version.subject, version.version)
    else:
        registry.store.mark_deleted(version.subject, version.version)
