from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_disposition import KnownDisposition
from ..models.known_reason import KnownReason
from ..models.known_rule import KnownRule

T = TypeVar("T", bound="MessageRecipient")


@_attrs_define
class MessageRecipient:
    """
    Attributes:
        address (str):  Example: bert@acme.example.
        disposition (KnownDisposition | str): Which way a transaction, or one recipient of it, went. More may come.
        domain_id (None | str):
        list_entry_id (None | str):
        next_hop_reply (None | str): What the next hop said to it, where it was asked. Example: 250 2.1.5 Ok.
        probable_duplicate (bool):
        reason (KnownReason | str): Why, more exactly. More may come.
        reply (str): What the sender heard to this RCPT. Example: 250 2.1.5 recipient ok.
        rule (KnownRule | str): The rule that decided. More may come.
    """

    address: str
    disposition: KnownDisposition | str
    domain_id: None | str
    list_entry_id: None | str
    next_hop_reply: None | str
    probable_duplicate: bool
    reason: KnownReason | str
    reply: str
    rule: KnownRule | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        address = self.address

        disposition: str
        if isinstance(self.disposition, KnownDisposition):
            disposition = self.disposition.value
        else:
            disposition = self.disposition

        domain_id: None | str
        domain_id = self.domain_id

        list_entry_id: None | str
        list_entry_id = self.list_entry_id

        next_hop_reply: None | str
        next_hop_reply = self.next_hop_reply

        probable_duplicate = self.probable_duplicate

        reason: str
        if isinstance(self.reason, KnownReason):
            reason = self.reason.value
        else:
            reason = self.reason

        reply = self.reply

        rule: str
        if isinstance(self.rule, KnownRule):
            rule = self.rule.value
        else:
            rule = self.rule

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "address": address,
                "disposition": disposition,
                "domain_id": domain_id,
                "list_entry_id": list_entry_id,
                "next_hop_reply": next_hop_reply,
                "probable_duplicate": probable_duplicate,
                "reason": reason,
                "reply": reply,
                "rule": rule,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        address = d.pop("address")

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

        def _parse_domain_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        domain_id = _parse_domain_id(d.pop("domain_id"))

        def _parse_list_entry_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        list_entry_id = _parse_list_entry_id(d.pop("list_entry_id"))

        def _parse_next_hop_reply(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        next_hop_reply = _parse_next_hop_reply(d.pop("next_hop_reply"))

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

        message_recipient = cls(
            address=address,
            disposition=disposition,
            domain_id=domain_id,
            list_entry_id=list_entry_id,
            next_hop_reply=next_hop_reply,
            probable_duplicate=probable_duplicate,
            reason=reason,
            reply=reply,
            rule=rule,
        )

        message_recipient.additional_properties = d
        return message_recipient

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
