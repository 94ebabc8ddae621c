from enum import StrEnum


class KnownSetting(StrEnum):
    BARE_NEWLINE = "bare_newline"
    INBOUND_TLS = "inbound_tls"
    INBOUND_TLS_MIN_VERSION = "inbound_tls_min_version"
    KEEP_SUBJECT = "keep_subject"
    MAX_CLIENT_CONNECTIONS = "max_client_connections"
    MAX_CLIENT_MESSAGES_PER_MINUTE = "max_client_messages_per_minute"
    MAX_CLIENT_MESSAGES_PER_MINUTE_TO_TENANT = "max_client_messages_per_minute_to_tenant"
    MAX_LINE_OCTETS = "max_line_octets"
    MAX_MESSAGE_SIZE_BYTES = "max_message_size_bytes"
    MAX_RECIPIENTS = "max_recipients"
    REJECT_NULL_MX_SENDER = "reject_null_mx_sender"
    TRACE_DIALOGUE = "trace_dialogue"

    def __str__(self) -> str:
        return str(self.value)
