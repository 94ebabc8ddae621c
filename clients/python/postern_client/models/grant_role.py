from enum import StrEnum


class GrantRole(StrEnum):
    AUDITOR = "auditor"
    DOMAIN_ADMIN = "domain_admin"
    MAILBOX_USER = "mailbox_user"
    OWNER = "owner"
    QUARANTINE_MANAGER = "quarantine_manager"
    TENANT_ADMIN = "tenant_admin"

    def __str__(self) -> str:
        return str(self.value)
