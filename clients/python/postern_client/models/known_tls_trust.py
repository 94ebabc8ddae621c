from enum import StrEnum


class KnownTlsTrust(StrEnum):
    AUTHORITIES = "authorities"
    PINS = "pins"
    WEB_PKI = "web_pki"

    def __str__(self) -> str:
        return str(self.value)
