from enum import StrEnum


class KnownRouteKind(StrEnum):
    GOOGLE_WORKSPACE = "google_workspace"
    HOST = "host"
    MICROSOFT365 = "microsoft365"
    MX = "mx"

    def __str__(self) -> str:
        return str(self.value)
