from enum import StrEnum


class KnownPolicyLevelKind(StrEnum):
    DEFAULT = "default"
    DOMAIN = "domain"
    INSTALLATION = "installation"
    TENANT = "tenant"
    TENANT_LIMIT = "tenant_limit"

    def __str__(self) -> str:
        return str(self.value)
