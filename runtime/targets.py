"""The targets of an installation: the file that they are declared in."""

from __future__ import annotations

from pathlib import Path

from processors.alerts.targets_file import InvalidTargets, parse_targets
from runtime.installation import Installation
from runtime.stack.errors import StackError
from schemas.parts import Target

DEFAULT_FILE = "targets.toml"
_HERE = Path(__file__).parent
# In a wheel beside this module, in a checkout where it is kept.
_SHIPPED = (_HERE / DEFAULT_FILE, _HERE.parent / "deploy" / DEFAULT_FILE)


class TargetsUnusable(StackError):
    """The file of targets cannot be read, or says what cannot be."""


def targets_file(installation: Installation) -> Path:
    """RADSTREAM_TARGETS, else `<data>/targets.toml` where it exists, else the one that comes with us."""
    given = installation.settings.targets
    if given is not None:
        return given.expanduser().absolute()
    own = installation.data / DEFAULT_FILE
    return own if own.exists() else shipped_targets()


def shipped_targets() -> Path:
    """The file that comes with us."""
    return next(path for path in _SHIPPED if path.exists())


def read_targets(path: Path) -> tuple[Target, ...]:
    """What the file says. Raises TargetsUnusable."""
    try:
        return parse_targets(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise TargetsUnusable(f"targets: {path} cannot be read: {type(error).__name__}") from error
    except InvalidTargets as error:
        raise TargetsUnusable(f"targets: {path}: {error}") from error
