"""Settings of a listener's TLS that do not go together."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.tls_files import tls_files

CERTIFICATE, KEY, AUTHORITY = Path("certificate.pem"), Path("key.pem"), Path("authority.pem")


def test_nothing_is_plain_tcp_and_both_files_are_tls_with_or_without_an_authority() -> None:
    assert tls_files("HL7", None, None, None) is None
    assert tls_files("HL7", CERTIFICATE, KEY, None) == (CERTIFICATE, KEY, None)
    assert tls_files("HL7", CERTIFICATE, KEY, AUTHORITY) == (CERTIFICATE, KEY, AUTHORITY)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((CERTIFICATE, None, None), "set both RADSTREAM_DICOM_TLS_CERTIFICATE and RADSTREAM_DICOM_TLS_KEY"),
        ((None, KEY, AUTHORITY), "set both RADSTREAM_DICOM_TLS_CERTIFICATE and RADSTREAM_DICOM_TLS_KEY"),
        ((None, None, AUTHORITY), "RADSTREAM_DICOM_TLS_CLIENT_AUTHORITY needs RADSTREAM_DICOM_TLS_CERT"),
    ],
)
def test_what_does_not_go_together_is_refused_by_the_names_of_the_settings(
    given: tuple[Path | None, Path | None, Path | None], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        tls_files("DICOM", *given)
