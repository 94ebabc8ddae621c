from enum import StrEnum


class KnownUnasked(StrEnum):
    ACCEPT = "accept"
    DEFER = "defer"

    def __str__(self) -> str:
        return str(self.value)
