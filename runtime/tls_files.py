"""The files of a listener's TLS, as its three settings name them."""

from __future__ import annotations

from pathlib import Path


def tls_files(
    listener: str, certificate: Path | None, key: Path | None, client_authority: Path | None
) -> tuple[Path, Path, Path | None] | None:
    """Certificate, key and the authority of clients; None for plain TCP. `listener`: `HL7`, `DICOM`.

    Raises ValueError, which names the settings that do not go together.
    """
    setting = f"RADSTREAM_{listener}_TLS"
    if certificate is None and key is None:
        if client_authority is not None:
            raise ValueError(f"{setting}_CLIENT_AUTHORITY needs {setting}_CERTIFICATE and _KEY")
        return None
    if certificate is None or key is None:
        raise ValueError(f"set both {setting}_CERTIFICATE and {setting}_KEY, or neither")
    return certificate, key, client_authority
