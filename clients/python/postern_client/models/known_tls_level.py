from enum import StrEnum


class KnownTlsLevel(StrEnum):
    NONE = "none"
    OPPORTUNISTIC = "opportunistic"
    REQUIRED = "required"
    VERIFIED = "verified"

    def __str__(self) -> str:
        return str(self.value)
