from enum import StrEnum


class KnownSpeaker(StrEnum):
    CLIENT = "client"
    HOP = "hop"
    SERVER = "server"
    TO_HOP = "to_hop"

    def __str__(self) -> str:
        return str(self.value)
