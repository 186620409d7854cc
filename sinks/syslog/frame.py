"""An audit message in a syslog message (RFC 5424), counted as it goes over TLS (RFC 5425). Pure."""

from __future__ import annotations

from datetime import datetime

from schemas.audit_codes import SUCCESS

# DICOM PS3.15, section A.6: facility 10 (security/authorization); notice, or warning where it failed.
_FACILITY, _NOTICE, _WARNING = 10, 5, 4
_MESSAGE_ID = "DICOM+RFC3881"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LONGEST_HOST = 255


def frame(message: bytes, *, outcome: str, at: datetime, host: str, app_name: str, process_id: int) -> bytes:
    """`message`, UTF-8, behind its header and its length in octets."""
    priority = _FACILITY * 8 + (_NOTICE if outcome == SUCCESS else _WARNING)
    name = "".join(letter for letter in host[:_LONGEST_HOST] if "!" <= letter <= "~") or "-"
    header = f"<{priority}>1 {at:%Y-%m-%dT%H:%M:%S.%fZ} {name} {app_name} {process_id} {_MESSAGE_ID} - "
    syslog = header.encode("ascii") + _BYTE_ORDER_MARK + message
    return b"%d %s" % (len(syslog), syslog)
