"""What an access can be: codes of DICOM PS3.16, CID 400 (PS3.15, A.5.3); actions and outcomes of RFC 3881."""

from __future__ import annotations

from collections.abc import Mapping

APPLICATION_ACTIVITY = "110100"
AUDIT_LOG_USED = "110101"
BEGIN_TRANSFERRING = "110102"
INSTANCES_ACCESSED = "110103"
INSTANCES_TRANSFERRED = "110104"
EXPORT = "110106"
PATIENT_RECORD = "110110"
QUERY = "110112"
SECURITY_ALERT = "110113"
USER_AUTHENTICATION = "110114"

# The standard's own words: the code meanings of CID 400.
MEANINGS: Mapping[str, str] = {
    APPLICATION_ACTIVITY: "Application Activity",
    AUDIT_LOG_USED: "Audit Log Used",
    BEGIN_TRANSFERRING: "Begin Transferring DICOM Instances",
    INSTANCES_ACCESSED: "DICOM Instances Accessed",
    INSTANCES_TRANSFERRED: "DICOM Instances Transferred",
    "110105": "DICOM Study Deleted",
    EXPORT: "Export",
    "110107": "Import",
    "110108": "Network Entry",
    "110109": "Order Record",
    PATIENT_RECORD: "Patient Record",
    "110111": "Procedure Record",
    QUERY: "Query",
    SECURITY_ALERT: "Security Alert",
    USER_AUTHENTICATION: "User Authentication",
}

# EventActionCode.
CREATE, READ, UPDATE, DELETE, EXECUTE = "C", "R", "U", "D", "E"
# EventOutcomeIndicator.
SUCCESS, MINOR_FAILURE, SERIOUS_FAILURE, MAJOR_FAILURE = "0", "4", "8", "12"
