"""Who may associate, and for what: decided when the request is there, answered in the protocol's terms.

Rejected are associations of an unknown calling AE title, or from where it may not come (PS3.8 table 9-21:
"calling AE title not recognized"), with another called AE title than ours where that matters, and without the
identity of one of the peer's users (PS3.7 D.3.3.7). Presentation contexts of services that the peer may not
use are not accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import structlog
from pynetdicom import build_context, evt
from pynetdicom.pdu_primitives import A_ASSOCIATE, UserIdentityNegotiation
from pynetdicom.presentation import PresentationContext

from producers.dicom.associations.passcodes import passcode_matches
from producers.dicom.associations.peers import Peer, Peers, Service
from producers.dicom.associations.services import SupportedContext
from producers.dicom.associations.syntaxes import (
    STORAGE_CLASSES,
    TRANSFER_SYNTAXES,
    VERIFICATION,
    ExtraSopClasses,
    service_of,
)

log = structlog.get_logger("dicom")

# Result, source, reason (PS3.8 table 9-21): permanent by the service user; transient by the provider.
_NO_REASON = (1, 1, 1)
_LIMIT_EXCEEDED = (2, 3, 2)
_CALLING_NOT_RECOGNIZED = (1, 1, 3)
_CALLED_NOT_RECOGNIZED = (1, 1, 7)
_USERNAME_AND_PASSCODE = 2


class Negotiation:
    """What is supported, and for whom."""

    def __init__(
        self,
        peers: Peers,
        services: Iterable[SupportedContext],
        extra: ExtraSopClasses,
        has_room: Callable[[Any], bool],
    ) -> None:
        """has_room: whether one association more may be; it counts from then on."""
        self._peers = peers
        self._has_room = has_room
        self._extra = extra
        self._services: dict[str, SupportedContext] = {}
        for context in services:
            known = self._services.get(context.abstract_syntax)
            self._services[context.abstract_syntax] = context if known is None else _merged(known, context)

    def on_requested(self, event: Any) -> None:
        """Handler of EVT_REQUESTED: reject the association, or say what of it is supported."""
        association = event.assoc
        request = association.requestor.primitive
        if not isinstance(request, A_ASSOCIATE):  # the peer has gone again
            return
        address = association.requestor.address
        calling, called = request.calling_ae_title.strip(), request.called_ae_title.strip()
        services = self._peers.services_of(calling, address)
        if services is None:
            _reject(association, _CALLING_NOT_RECOGNIZED, calling, "peer is unknown, or comes from elsewhere")
        elif not self._peers.calls_us_right(called):
            _reject(association, _CALLED_NOT_RECOGNIZED, calling, "called AE title is not ours")
        elif not self._is_identified(association, self._peers.get(calling)):
            _reject(association, _NO_REASON, calling, "user is not identified")
        elif not all(context.transfer_syntax for context in request.presentation_context_definition_list):
            _reject(association, _NO_REASON, calling, "a presentation context without a transfer syntax")
        elif not self._has_room(association):
            _reject(association, _LIMIT_EXCEEDED, calling, "too many associations")
        else:
            association.acceptor.supported_contexts = self.contexts_for(
                request.presentation_context_definition_list, _roles(association), services
            )

    def contexts_for(
        self,
        proposed: Sequence[PresentationContext],
        roles: Mapping[str, tuple[bool, bool]],
        services: frozenset[Service],
    ) -> list[PresentationContext]:
        """Of what is proposed what is supported for a peer with these services, in the peer's own preference.

        roles: by SOP class, whether the peer wants to be SCU, and SCP (PS3.7 D.3.3.4).
        """
        wanted: dict[str, dict[str, None]] = {}
        for context in proposed:
            syntaxes = wanted.setdefault(str(context.abstract_syntax), {})
            syntaxes.update(dict.fromkeys(str(syntax) for syntax in context.transfer_syntax))
        found = []
        for abstract_syntax, syntaxes in wanted.items():
            supported = self._supported(abstract_syntax, roles.get(abstract_syntax, (True, False)), services)
            if supported is not None:
                found.append(_context(supported, syntaxes))
        return found

    def _supported(
        self, abstract_syntax: str, roles: tuple[bool, bool], services: frozenset[Service]
    ) -> SupportedContext | None:
        registered = self._services.get(abstract_syntax)
        if abstract_syntax == VERIFICATION:
            return SupportedContext(abstract_syntax, tuple(TRANSFER_SYNTAXES))
        if abstract_syntax in STORAGE_CLASSES or self._extra.has(abstract_syntax):
            return _storage(abstract_syntax, registered, roles, services)
        service = service_of(abstract_syntax)
        is_allowed = services == frozenset(Service) if service is None else service in services
        return registered if is_allowed else None

    def _is_identified(self, association: Any, peer: Peer | None) -> bool:
        if peer is None or not peer.users:
            return True
        identity = association.requestor.user_identity
        if identity is None or identity.user_identity_type != _USERNAME_AND_PASSCODE:
            return False
        name = (identity.primary_field or b"").decode("utf-8", "replace")
        hashed = peer.users.get(name)
        if hashed is None or not passcode_matches(identity.secondary_field or b"", hashed):
            return False
        if identity.positive_response_requested:
            answer = UserIdentityNegotiation()
            answer.server_response = b""
            association.acceptor.add_negotiation_item(answer)
        return True


def _storage(
    abstract_syntax: str,
    registered: SupportedContext | None,
    roles: tuple[bool, bool],
    services: frozenset[Service],
) -> SupportedContext | None:
    """Peers that may store send images to us; those that may retrieve take them from us by C-GET (as SCP)."""
    may_store = Service.STORE in services
    may_get = (
        registered is not None and bool(registered.scp_role) and roles[1] and Service.RETRIEVE in services
    )
    syntaxes = tuple(TRANSFER_SYNTAXES)
    if may_get:
        return SupportedContext(abstract_syntax, syntaxes, scu_role=may_store, scp_role=True)
    return SupportedContext(abstract_syntax, syntaxes) if may_store else None


def _context(supported: SupportedContext, wanted: Iterable[str]) -> PresentationContext:
    taken = [syntax for syntax in wanted if syntax in supported.transfer_syntaxes]
    # One that is not proposed, where none is taken: so the answer is "transfer syntaxes not supported".
    context = build_context(supported.abstract_syntax, taken or [supported.transfer_syntaxes[0]])
    context.scu_role, context.scp_role = supported.scu_role, supported.scp_role
    return context


def _merged(one: SupportedContext, other: SupportedContext) -> SupportedContext:
    return SupportedContext(
        one.abstract_syntax,
        tuple(dict.fromkeys((*one.transfer_syntaxes, *other.transfer_syntaxes))),
        one.scu_role if other.scu_role is None else other.scu_role,
        one.scp_role if other.scp_role is None else other.scp_role,
    )


def _roles(association: Any) -> dict[str, tuple[bool, bool]]:
    proposed = association.requestor.role_selection
    return {str(uid): (bool(role.scu_role), bool(role.scp_role)) for uid, role in proposed.items()}


def _reject(association: Any, answer: tuple[int, int, int], calling: str, reason: str) -> None:
    address = association.requestor.address
    log.warning("association rejected", calling_ae_title=calling, address=address, reason=reason)
    association.acse.send_reject(*answer)
    evt.trigger(association, evt.EVT_REJECTED, {})
    association.kill()
