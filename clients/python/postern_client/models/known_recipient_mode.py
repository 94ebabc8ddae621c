from enum import StrEnum


class KnownRecipientMode(StrEnum):
    ANY = "any"
    CALL_OUT = "call_out"
    LISTED = "listed"

    def __str__(self) -> str:
        return str(self.value)
