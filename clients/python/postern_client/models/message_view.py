from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_disposition import KnownDisposition
from ..models.known_reason import KnownReason
from ..models.known_rule import KnownRule

if TYPE_CHECKING:
    from ..models.line import Line
    from ..models.message_client import MessageClient
    from ..models.message_hop import MessageHop
    from ..models.message_recipient import MessageRecipient
    from ..models.timings import Timings


T = TypeVar("T", bound="MessageView")


@_attrs_define
class MessageView:
    """One SMTP transaction, as far as one tenant is concerned.

    Attributes:
        client (MessageClient):
        config (str): Head of the configuration it was judged under. Example: 1.17.
        dialogue (list[Line] | None): Both dialogues without content; kept for all but plain deliveries unless policy
            says otherwise.
        disposition (KnownDisposition | str): Which way a transaction, or one recipient of it, went. More may come.
        ended_at (datetime.datetime):
        id (str):
        message_id (None | str): The Message-ID field, without brackets. Example: b0a4@example.net.
        next_hop (MessageHop | None):
        probable_duplicate (bool): A copy may have reached the next hop more than once.
        reason (KnownReason | str): Why, more exactly. More may come.
        recipients (list[MessageRecipient]):
        reply (str): The last word to the sender. Example: 250 2.0.0 queued as 4Xk2.
        rule (KnownRule | str): The rule that decided. More may come.
        sender (str): The envelope's sender; empty for the null sender. Example: anna@example.net.
        size_bytes (int | None): Octets as received; null where no message came. Example: 4312.
        started_at (datetime.datetime):
        subject (None | str): The Subject field, with encoded words (RFC 2047) decoded, where policy says that it is
            kept. Example: Your invoice.
        tenant_id (None | str):
        timings (Timings): Microseconds.
        worker_id (str):
    """

    client: MessageClient
    config: str
    dialogue: list[Line] | None
    disposition: KnownDisposition | str
    ended_at: datetime.datetime
    id: str
    message_id: None | str
    next_hop: MessageHop | None
    probable_duplicate: bool
    reason: KnownReason | str
    recipients: list[MessageRecipient]
    reply: str
    rule: KnownRule | str
    sender: str
    size_bytes: int | None
    started_at: datetime.datetime
    subject: None | str
    tenant_id: None | str
    timings: Timings
    worker_id: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.message_hop import MessageHop  # noqa: PLC0415

        client = self.client.to_dict()

        config = self.config

        dialogue: list[dict[str, Any]] | None
        if isinstance(self.dialogue, list):
            dialogue = []
            for dialogue_type_0_item_data in self.dialogue:
                dialogue_type_0_item = dialogue_type_0_item_data.to_dict()
                dialogue.append(dialogue_type_0_item)

        else:
            dialogue = self.dialogue

        disposition: str
        if isinstance(self.disposition, KnownDisposition):
            disposition = self.disposition.value
        else:
            disposition = self.disposition

        ended_at = self.ended_at.isoformat()

        id = self.id

        message_id: None | str
        message_id = self.message_id

        next_hop: dict[str, Any] | None
        if isinstance(self.next_hop, MessageHop):
            next_hop = self.next_hop.to_dict()
        else:
            next_hop = self.next_hop

        probable_duplicate = self.probable_duplicate

        reason: str
        if isinstance(self.reason, KnownReason):
            reason = self.reason.value
        else:
            reason = self.reason

        recipients = []
        for recipients_item_data in self.recipients:
            recipients_item = recipients_item_data.to_dict()
            recipients.append(recipients_item)

        reply = self.reply

        rule: str
        if isinstance(self.rule, KnownRule):
            rule = self.rule.value
        else:
            rule = self.rule

        sender = self.sender

        size_bytes: int | None
        size_bytes = self.size_bytes

        started_at = self.started_at.isoformat()

        subject: None | str
        subject = self.subject

        tenant_id: None | str
        tenant_id = self.tenant_id

        timings = self.timings.to_dict()

        worker_id = self.worker_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "client": client,
                "config": config,
                "dialogue": dialogue,
                "disposition": disposition,
                "ended_at": ended_at,
                "id": id,
                "message_id": message_id,
                "next_hop": next_hop,
                "probable_duplicate": probable_duplicate,
                "reason": reason,
                "recipients": recipients,
                "reply": reply,
                "rule": rule,
                "sender": sender,
                "size_bytes": size_bytes,
                "started_at": started_at,
                "subject": subject,
                "tenant_id": tenant_id,
                "timings": timings,
                "worker_id": worker_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.line import Line  # noqa: PLC0415
        from ..models.message_client import MessageClient  # noqa: PLC0415
        from ..models.message_hop import MessageHop  # noqa: PLC0415
        from ..models.message_recipient import MessageRecipient  # noqa: PLC0415
        from ..models.timings import Timings  # noqa: PLC0415

        d = dict(src_dict)
        client = MessageClient.from_dict(d.pop("client"))

        config = d.pop("config")

        def _parse_dialogue(data: object) -> list[Line] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                dialogue_type_0 = []
                _dialogue_type_0 = data
                for dialogue_type_0_item_data in _dialogue_type_0:
                    dialogue_type_0_item = Line.from_dict(dialogue_type_0_item_data)

                    dialogue_type_0.append(dialogue_type_0_item)

                return dialogue_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[Line] | None, data)

        dialogue = _parse_dialogue(d.pop("dialogue"))

        def _parse_disposition(data: object) -> KnownDisposition | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_disposition_type_0 = KnownDisposition(data)

                return componentsschemas_disposition_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownDisposition | str, data)

        disposition = _parse_disposition(d.pop("disposition"))

        ended_at = datetime.datetime.fromisoformat(d.pop("ended_at"))

        id = d.pop("id")

        def _parse_message_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        message_id = _parse_message_id(d.pop("message_id"))

        def _parse_next_hop(data: object) -> MessageHop | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                next_hop_type_0 = MessageHop.from_dict(data)

                return next_hop_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(MessageHop | None, data)

        next_hop = _parse_next_hop(d.pop("next_hop"))

        probable_duplicate = d.pop("probable_duplicate")

        def _parse_reason(data: object) -> KnownReason | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_reason_type_0 = KnownReason(data)

                return componentsschemas_reason_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownReason | str, data)

        reason = _parse_reason(d.pop("reason"))

        recipients = []
        _recipients = d.pop("recipients")
        for recipients_item_data in _recipients:
            recipients_item = MessageRecipient.from_dict(recipients_item_data)

            recipients.append(recipients_item)

        reply = d.pop("reply")

        def _parse_rule(data: object) -> KnownRule | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_rule_type_0 = KnownRule(data)

                return componentsschemas_rule_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownRule | str, data)

        rule = _parse_rule(d.pop("rule"))

        sender = d.pop("sender")

        def _parse_size_bytes(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        size_bytes = _parse_size_bytes(d.pop("size_bytes"))

        started_at = datetime.datetime.fromisoformat(d.pop("started_at"))

        def _parse_subject(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        subject = _parse_subject(d.pop("subject"))

        def _parse_tenant_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        tenant_id = _parse_tenant_id(d.pop("tenant_id"))

        timings = Timings.from_dict(d.pop("timings"))

        worker_id = d.pop("worker_id")

        message_view = cls(
            client=client,
            config=config,
            dialogue=dialogue,
            disposition=disposition,
            ended_at=ended_at,
            id=id,
            message_id=message_id,
            next_hop=next_hop,
            probable_duplicate=probable_duplicate,
            reason=reason,
            recipients=recipients,
            reply=reply,
            rule=rule,
            sender=sender,
            size_bytes=size_bytes,
            started_at=started_at,
            subject=subject,
            tenant_id=tenant_id,
            timings=timings,
            worker_id=worker_id,
        )

        message_view.additional_properties = d
        return message_view

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
