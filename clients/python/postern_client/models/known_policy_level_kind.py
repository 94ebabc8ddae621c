from enum import StrEnum


class KnownPolicyLevelKind(StrEnum):
    DEFAULT = "default"
    DOMAIN = "domain"
    INSTALLATION = "installation"
    TENANT = "tenant"

    def __str__(self) -> str:
        return str(self.value)
