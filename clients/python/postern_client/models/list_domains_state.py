from enum import StrEnum


class ListDomainsState(StrEnum):
    ACTIVE = "active"
    CLOSING = "closing"
    PENDING = "pending"

    def __str__(self) -> str:
        return str(self.value)
