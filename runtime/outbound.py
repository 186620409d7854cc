"""The destinations of an installation: read from the file that a setting names."""

from __future__ import annotations

from runtime.installation import Installation
from runtime.stack.errors import StackError
from sinks.delivering.errors import InvalidDestinations
from sinks.hl7.destinations import Destination, parse_destinations

DEFAULT_FILE = "hl7-destinations.toml"


class DestinationsUnusable(StackError):
    """The file of destinations cannot be read, or says what cannot be."""


def read_destinations(installation: Installation) -> tuple[Destination, ...]:
    """What goes out to whom: RADSTREAM_HL7_DESTINATIONS, else `<data>/hl7-destinations.toml` where it exists.

    Raises DestinationsUnusable where the file cannot be read, says what cannot be, or names our own listener.
    """
    settings = installation.settings
    path = settings.hl7_destinations or installation.data / DEFAULT_FILE
    if settings.hl7_destinations is None and not path.exists():
        return ()
    try:
        found = parse_destinations(path.expanduser().read_text("utf-8"), settings.zone)
    except (OSError, UnicodeDecodeError) as error:
        raise DestinationsUnusable(f"destinations: {path} cannot be read: {type(error).__name__}") from error
    except InvalidDestinations as error:
        raise DestinationsUnusable(f"destinations: {path}: {error}") from error
    for destination in found:
        if (destination.host, destination.port) == (settings.host, settings.hl7_port):
            raise DestinationsUnusable(
                f"{path}: destination {destination.name} is our own HL7 listener, a loop"
            )
    return found
