"""Where the dashboard listens, from the settings."""

from __future__ import annotations

from dashboards.listening import ListenerConfig, TlsConfig
from runtime.settings import Settings

_SETTINGS = "RADSTREAM_HOST, RADSTREAM_DASHBOARD_TLS_CERTIFICATE and _KEY, RADSTREAM_DASHBOARD_PROXIES"


def listener_config(settings: Settings) -> ListenerConfig:
    """Raises ValueError, which names the settings."""
    try:
        return ListenerConfig(
            host=settings.host,
            port=settings.dashboard_port,
            tls=_tls(settings),
            proxies=tuple(filter(None, (name.strip() for name in settings.dashboard_proxies.split(",")))),
        )
    except ValueError as error:
        raise ValueError(f"{error} ({_SETTINGS})") from None


def _tls(settings: Settings) -> TlsConfig | None:
    certificate, key = settings.dashboard_tls_certificate, settings.dashboard_tls_key
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise ValueError("give both the certificate and its key, or neither")
    return TlsConfig(certificate, key)
