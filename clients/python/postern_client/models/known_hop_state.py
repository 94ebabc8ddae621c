from enum import StrEnum


class KnownHopState(StrEnum):
    FAILING = "failing"
    RESTING = "resting"
    UP = "up"

    def __str__(self) -> str:
        return str(self.value)
