from enum import StrEnum


class KnownTraceDialogue(StrEnum):
    ALL = "all"
    EXCEPTIONS = "exceptions"

    def __str__(self) -> str:
        return str(self.value)
