from enum import StrEnum


class KnownRouteVerdict(StrEnum):
    FAILS = "fails"
    WORKS = "works"
    WORKS_IN_PART = "works_in_part"

    def __str__(self) -> str:
        return str(self.value)
