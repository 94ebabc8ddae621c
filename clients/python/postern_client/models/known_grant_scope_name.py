from enum import StrEnum


class KnownGrantScopeName(StrEnum):
    DOMAIN = "domain"
    INSTALLATION = "installation"
    TENANT = "tenant"

    def __str__(self) -> str:
        return str(self.value)
