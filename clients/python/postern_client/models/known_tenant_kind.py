from enum import StrEnum


class KnownTenantKind(StrEnum):
    CUSTOMER = "customer"
    MSP = "msp"
    PROVIDER = "provider"

    def __str__(self) -> str:
        return str(self.value)
