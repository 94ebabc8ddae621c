from enum import StrEnum


class KnownStatusSeverity(StrEnum):
    CRITICAL = "critical"
    NOTICE = "notice"
    WARNING = "warning"

    def __str__(self) -> str:
        return str(self.value)
