"""Why there is no picture of an image.

NotShown      there is none to show: the image is as it is, and asking again changes nothing
NotAvailable  something that is needed for it is away
"""

from __future__ import annotations


class NotShown(Exception):
    """No picture is made of this image. slug: the reason in one word; the message is for people."""

    def __init__(self, slug: str, message: str) -> None:
        """`message` without PHI."""
        super().__init__(message)
        self.slug = slug


class NotAvailable(Exception):
    """The object store, the key ring or Kafka gives no answer. The message is for people, without PHI."""
