from enum import StrEnum


class KnownInboundTls(StrEnum):
    OPTIONAL = "optional"
    REQUIRED = "required"

    def __str__(self) -> str:
        return str(self.value)
