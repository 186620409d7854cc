"""Whom the `radstream dicom` verbs call: our own listener, where nothing else is said."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from producers.dicom.client.peer import Peer, PeerFailed
from producers.dicom.query.text import BadQuery
from runtime.cli.output import Json, fail
from runtime.cli.settings_of import Data, read_settings
from runtime.cli.tls_of import client_context
from runtime.installation import Installation
from runtime.stack.state import running_state

Host = Annotated[str | None, typer.Option("--host", help="Whom to call; else our own listener.")]
Port = Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Its port; else our listener's.")]
Called = Annotated[str | None, typer.Option("--called", help="Its AE title; else our listener's.")]
Calling = Annotated[str, typer.Option("--calling", help="The AE title that we call ourselves.")]
Tls = Annotated[bool, typer.Option("--tls", help="Encrypt; the peer must prove who it is.")]
Ca = Annotated[Path | None, typer.Option("--ca", help="Certificates to trust, not the system's (PEM).")]
Cert = Annotated[Path | None, typer.Option("--cert", help="Our own certificate with its key (PEM).")]
Timeout = Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds for each answer.")]
Keys = Annotated[
    list[str] | None,
    typer.Option("--key", "-k", help="KEYWORD=VALUE to match, or KEYWORD to ask for; may be repeated."),
]
CALLING = "RADSTREAM-CLI"
_AE_TITLE_CHARACTERS = 16


def calling_a_peer(verb: Callable[..., None]) -> Callable[..., None]:
    """`verb`, whose first parameter is the Peer, with the options that say which one in its place.

    Its other parameters stay, before those options; `--data` and `--json`, which `verb` gets, come last.
    """
    hints = get_type_hints(verb, include_extras=True)
    own = list(inspect.signature(verb).parameters.values())[1:]

    @wraps(verb)
    def asked(**given: Any) -> None:
        told = {option.name: given.pop(option.name) for option in (*_WHOM, _DATA)}
        verb(_peer_of(**told, as_json=given["json"]), **given)

    before = [one.replace(annotation=hints[one.name]) for one in own if one.name != "json"]
    parameters = [*before, *_WHOM, _DATA, _JSON]
    asked.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect asks for
    asked.__annotations__ = {one.name: one.annotation for one in parameters}
    return asked


def _option(name: str, annotation: Any, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


_WHOM = (
    _option("host", Host, None),
    _option("port", Port, None),
    _option("called", Called, None),
    _option("calling", Calling, CALLING),
    _option("tls", Tls, default=False),
    _option("ca", Ca, None),
    _option("cert", Cert, None),
    _option("timeout_s", Timeout, 30.0),
)
_DATA, _JSON = _option("data", Data, None), _option("json", Json, default=False)


def _peer_of(
    data: Path | None,
    *,
    host: str | None,
    port: int | None,
    called: str | None,
    calling: str,
    timeout_s: float,
    tls: bool,
    ca: Path | None,
    cert: Path | None,
    as_json: bool,
) -> Peer:
    """The peer of the command line. Leaves with an error where an AE title is none (PS3.5 section 6.2)."""
    settings = read_settings(data)
    state = running_state(Installation(settings).data)
    own = state.endpoints["dicom"] if state else f"{settings.host}:{settings.dicom_port}"
    own_host, _, own_port = own.rpartition(":")
    title = called or settings.dicom_ae_title
    for name, text in (("--called", title), ("--calling", calling)):
        if not 1 <= len(text.strip()) <= _AE_TITLE_CHARACTERS or not text.isascii() or "\\" in text:
            fail(f"{name}: an AE title has 1 to 16 ASCII characters, got {text!r}", as_json=as_json)
    return Peer(
        host=host or own_host,
        port=port or int(own_port),
        called_ae_title=title,
        calling_ae_title=calling,
        timeout_s=timeout_s,
        tls=client_context(ca, cert, as_json=as_json) if tls or ca or cert else None,
    )


@contextmanager
def failing_clearly(*, as_json: bool) -> Iterator[None]:
    """What goes wrong with the peer or the query is the verb's error."""
    try:
        yield
    except PeerFailed as error:
        fail(f"{error} (`radstream status` shows our own listener)", as_json=as_json)
    except BadQuery as error:
        fail(str(error), as_json=as_json)
