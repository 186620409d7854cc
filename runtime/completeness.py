"""How this site knows that a study is complete."""

from __future__ import annotations

from producers.dicom.completeness.facts import CompletenessConfig
from runtime.settings import Settings


def completeness_of(settings: Settings) -> CompletenessConfig:
    """The rules that the site trusts. Raises ValueError, which names the setting that is wrong."""
    rules = tuple(rule.strip().lower() for rule in settings.dicom_complete_by.split(",") if rule.strip())
    try:
        return CompletenessConfig(rules=rules, quiet_s=settings.dicom_quiet_s)
    except ValueError as error:
        raise ValueError(f"RADSTREAM_DICOM_COMPLETE_BY: {error}") from None
