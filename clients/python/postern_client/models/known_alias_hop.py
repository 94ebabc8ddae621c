from enum import StrEnum


class KnownAliasHop(StrEnum):
    AS_WRITTEN = "as_written"
    MAILBOX = "mailbox"

    def __str__(self) -> str:
        return str(self.value)
