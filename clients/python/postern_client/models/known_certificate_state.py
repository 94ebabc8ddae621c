from enum import StrEnum


class KnownCertificateState(StrEnum):
    EXPIRED = "expired"
    EXPIRING = "expiring"
    VALID = "valid"

    def __str__(self) -> str:
        return str(self.value)
