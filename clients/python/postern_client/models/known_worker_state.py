from enum import StrEnum


class KnownWorkerState(StrEnum):
    AWAY = "away"
    DRAINED = "drained"
    DRAINING = "draining"
    READY = "ready"
    STARTING = "starting"

    def __str__(self) -> str:
        return str(self.value)
