from enum import StrEnum


class KnownAliasDomainHop(StrEnum):
    AS_WRITTEN = "as_written"
    PRIMARY = "primary"

    def __str__(self) -> str:
        return str(self.value)
