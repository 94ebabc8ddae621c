from enum import StrEnum


class KnownRule(StrEnum):
    DEFAULT = "default"
    DELIVERY_GROUP = "delivery_group"
    DOMAIN_STATE = "domain_state"
    LIMITS = "limits"
    LIST = "list"
    LOOP = "loop"
    MESSAGE_FORM = "message_form"
    NEXT_HOP = "next_hop"
    NEXT_HOP_EXTENSIONS = "next_hop_extensions"
    NULL_MX = "null_mx"
    PROTOCOL = "protocol"
    RECIPIENTS = "recipients"
    RELAY = "relay"
    REPEAT = "repeat"
    ROUTING_CHARACTERS = "routing_characters"
    SNAPSHOT = "snapshot"
    TLS = "tls"

    def __str__(self) -> str:
        return str(self.value)
