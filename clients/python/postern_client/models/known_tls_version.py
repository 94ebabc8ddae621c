from enum import StrEnum


class KnownTlsVersion(StrEnum):
    TLS12 = "tls12"
    TLS13 = "tls13"

    def __str__(self) -> str:
        return str(self.value)
