from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.recipient_import_error import RecipientImportError


T = TypeVar("T", bound="RecipientImport")


@_attrs_define
class RecipientImport:
    """What an upload did, or would do.

    Example:
        {'added': 3, 'broken': 1, 'changed': 1, 'dry_run': False, 'errors': [{'code': 'other_domain', 'column': 1,
            'line': 17, 'message': 'expected an address of acme.example'}], 'lines': 250, 'mode': 'replace', 'removed': 2,
            'removed_addresses': ['ben@acme.example', 'eve@acme.example'], 'repeated': 0, 'unchanged': 245}

    Attributes:
        added (int):
        broken (int): Lines that were left out.
        changed (int): Aliases that became mailboxes, or aliases of another kind, or the reverse.
        dry_run (bool):
        errors (list[RecipientImportError]): The first hundred of those left out.
        lines (int): Lines with a recipient, broken ones among them.
        mode (str): `add` or `replace`.
        removed (int):
        removed_addresses (list[str]): The first hundred of those removed.
        repeated (int): Lines that said the same again.
        unchanged (int):
    """

    added: int
    broken: int
    changed: int
    dry_run: bool
    errors: list[RecipientImportError]
    lines: int
    mode: str
    removed: int
    removed_addresses: list[str]
    repeated: int
    unchanged: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        added = self.added

        broken = self.broken

        changed = self.changed

        dry_run = self.dry_run

        errors = []
        for errors_item_data in self.errors:
            errors_item = errors_item_data.to_dict()
            errors.append(errors_item)

        lines = self.lines

        mode = self.mode

        removed = self.removed

        removed_addresses = self.removed_addresses

        repeated = self.repeated

        unchanged = self.unchanged

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "added": added,
                "broken": broken,
                "changed": changed,
                "dry_run": dry_run,
                "errors": errors,
                "lines": lines,
                "mode": mode,
                "removed": removed,
                "removed_addresses": removed_addresses,
                "repeated": repeated,
                "unchanged": unchanged,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.recipient_import_error import RecipientImportError  # noqa: PLC0415

        d = dict(src_dict)
        added = d.pop("added")

        broken = d.pop("broken")

        changed = d.pop("changed")

        dry_run = d.pop("dry_run")

        errors = []
        _errors = d.pop("errors")
        for errors_item_data in _errors:
            errors_item = RecipientImportError.from_dict(errors_item_data)

            errors.append(errors_item)

        lines = d.pop("lines")

        mode = d.pop("mode")

        removed = d.pop("removed")

        removed_addresses = cast(list[str], d.pop("removed_addresses"))

        repeated = d.pop("repeated")

        unchanged = d.pop("unchanged")

        recipient_import = cls(
            added=added,
            broken=broken,
            changed=changed,
            dry_run=dry_run,
            errors=errors,
            lines=lines,
            mode=mode,
            removed=removed,
            removed_addresses=removed_addresses,
            repeated=repeated,
            unchanged=unchanged,
        )

        recipient_import.additional_properties = d
        return recipient_import

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
