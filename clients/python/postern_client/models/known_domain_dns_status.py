from enum import StrEnum


class KnownDomainDnsStatus(StrEnum):
    DIFFERENT = "different"
    MISSING = "missing"
    NOT_CONFIGURED = "not_configured"
    OK = "ok"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return str(self.value)
