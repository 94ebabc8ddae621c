from enum import StrEnum


class KnownListScopeName(StrEnum):
    DOMAIN = "domain"
    INSTALLATION = "installation"
    RECIPIENT = "recipient"
    TENANT = "tenant"

    def __str__(self) -> str:
        return str(self.value)
