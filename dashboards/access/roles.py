"""Roles and what each may do: the one table that every page, endpoint and document follows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """One thing that someone may do."""

    SEE_WORKLIST = "see_worklist"
    """Board, worklist and exams, with pseudonyms."""
    SEE_PHI = "see_phi"
    """Names, record numbers, birth dates and pictures; each view is an audit event."""
    ASK_ANALYTICS = "ask_analytics"
    """Figures over weeks, their files, the quality of the data."""
    RECONCILE = "reconcile"
    """Say that an exam's images belong to another exam."""
    SEE_HEALTH = "see_health"
    """Parts, lag, rates."""
    MANAGE_DEAD_LETTERS = "manage_dead_letters"
    """Drive dead letters again, or dismiss them."""
    SEE_AUDIT = "see_audit"
    """Who saw what."""
    MANAGE_USERS = "manage_users"
    """Users, their roles and tokens."""
    ERASE_PATIENTS = "erase_patients"
    """Ask for the erasure of a patient, and confirm what somebody else asked for."""
    HOLD_RECORDS = "hold_records"
    """Set and release legal holds."""
    APPLY_RETENTION = "apply_retention"
    """Let go what is older than the rules of retention say."""


class Role(StrEnum):
    """What someone is here. Who has several roles may do what any of them may."""

    VIEWER = "viewer"
    CLINICIAN = "clinician"
    ANALYST = "analyst"
    AUDITOR = "auditor"
    ADMIN = "admin"
    PRIVACY = "privacy"


_SEE = Permission.SEE_WORKLIST
PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({_SEE}),
    Role.CLINICIAN: frozenset({_SEE, Permission.SEE_PHI, Permission.ASK_ANALYTICS, Permission.RECONCILE}),
    Role.ANALYST: frozenset({_SEE, Permission.ASK_ANALYTICS, Permission.SEE_HEALTH}),
    Role.AUDITOR: frozenset({_SEE, Permission.ASK_ANALYTICS, Permission.SEE_AUDIT}),
    Role.ADMIN: frozenset(
        {_SEE, Permission.SEE_HEALTH, Permission.MANAGE_DEAD_LETTERS, Permission.MANAGE_USERS}
    ),
    Role.PRIVACY: frozenset(
        {
            _SEE,
            Permission.SEE_AUDIT,
            Permission.ERASE_PATIENTS,
            Permission.HOLD_RECORDS,
            Permission.APPLY_RETENTION,
        }
    ),
}


@dataclass(frozen=True, slots=True)
class User:
    """Who asks. `name` is what the audit topic has of them."""

    name: str
    roles: frozenset[Role]

    def may(self, permission: Permission) -> bool:
        """Whether any of the roles has it."""
        return any(permission in PERMISSIONS[role] for role in self.roles)

    @property
    def role_names(self) -> str:
        """The roles as one text, in the order of `Role`."""
        return ", ".join(role for role in Role if role in self.roles)


def read_roles(names: Iterable[str]) -> frozenset[Role]:
    """The roles of these names. Raises ValueError, which says what there is."""
    try:
        return frozenset(Role(name.strip()) for name in names)
    except ValueError:
        raise ValueError(f"a role is one of {', '.join(Role)}") from None
