"""What goes wrong with a replay to a topic.

ReplayError
├── ReplayRefused   what is asked for must not be done, or cannot be
└── ReplayFailed    it could not be done now; the same command goes on where it stopped
"""

from __future__ import annotations


class ReplayError(Exception):
    """Root of the tree. Messages tell the next step."""


class ReplayRefused(ReplayError):
    """What is asked for must not be done, or cannot be."""


class ReplayFailed(ReplayError):
    """It could not be done now; the same command goes on where it stopped."""
