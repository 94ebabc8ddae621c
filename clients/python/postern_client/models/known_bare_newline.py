from enum import StrEnum


class KnownBareNewline(StrEnum):
    NORMALIZE = "normalize"
    REJECT = "reject"

    def __str__(self) -> str:
        return str(self.value)
