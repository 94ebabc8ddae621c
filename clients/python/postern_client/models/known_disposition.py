from enum import StrEnum


class KnownDisposition(StrEnum):
    ABORTED = "aborted"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return str(self.value)
