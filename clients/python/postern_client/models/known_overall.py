from enum import StrEnum


class KnownOverall(StrEnum):
    CRITICAL = "critical"
    OK = "ok"
    WARNING = "warning"

    def __str__(self) -> str:
        return str(self.value)
