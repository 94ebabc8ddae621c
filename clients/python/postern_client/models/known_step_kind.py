from enum import StrEnum


class KnownStepKind(StrEnum):
    ADDRESSES = "addresses"
    BANNER = "banner"
    CONNECT = "connect"
    EHLO = "ehlo"
    MAIL = "mail"
    MX = "mx"
    RCPT = "rcpt"
    STARTTLS = "starttls"
    TLS = "tls"

    def __str__(self) -> str:
        return str(self.value)
