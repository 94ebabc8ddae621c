from enum import StrEnum


class ReadDomainDnsFormat(StrEnum):
    JSON = "json"
    ZONE = "zone"

    def __str__(self) -> str:
        return str(self.value)
