"""Where someone goes after signing in. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

_HOME = "/"


def local_path(asked: str | None) -> str:
    """`asked`, where it is a path of this server and nothing else; else the first page.

    A link to the sign-in page that leads on to another site would make ours part of a fraud (CWE-601).
    """
    if not asked or not asked.startswith("/") or asked.startswith("//"):
        return _HOME
    if "\\" in asked or any(ord(character) <= 0x20 or ord(character) == 0x7F for character in asked):
        return _HOME
    parts = urlsplit(asked)
    return _HOME if parts.scheme or parts.netloc or parts.path == "/sign-in" else asked
