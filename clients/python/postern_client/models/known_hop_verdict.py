from enum import StrEnum


class KnownHopVerdict(StrEnum):
    ACCEPTS = "accepts"
    FAILS = "fails"
    REFUSES_RECIPIENT = "refuses_recipient"

    def __str__(self) -> str:
        return str(self.value)
