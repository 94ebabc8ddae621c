from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="AuditRootView")


@_attrs_define
class AuditRootView:
    """What the whole log is at one time, signed.

    Attributes:
        chains (int): How many chains there are: one a tenant, and the installation's own. Example: 12.
        issued_at (datetime.datetime):
        keys (str): JWS (type `postern-keys+jwt`) under the root key: the snapshot keys. Example:
            eyJ0eXAiOiJwb3N0ZXJuLWtleXMrand0In0.e30.c2ln.
        root (str): The Merkle root over all chains' heads. Example:
            2f5c64dc4b1a3f1c7d5f5a2f4fdc4d1a7f0b9c0e6f3d2a1b0c9d8e7f6a5b4c3d.
        root_key (str): The root key: Ed25519, raw, base64url. Example: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo.
        rows (int): How many rows they have, those that were swept included. Example: 4711.
        statement (str): JWS (`EdDSA`, type `postern-audit-root+jwt`) under a snapshot key; its claims are the fields
            below and the
            installation. Keep it somewhere else: what is changed later no longer fits it. Example:
            eyJ0eXAiOiJwb3N0ZXJuLWF1ZGl0LXJvb3Qrand0In0.e30.c2ln.
    """

    chains: int
    issued_at: datetime.datetime
    keys: str
    root: str
    root_key: str
    rows: int
    statement: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        chains = self.chains

        issued_at = self.issued_at.isoformat()

        keys = self.keys

        root = self.root

        root_key = self.root_key

        rows = self.rows

        statement = self.statement

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "chains": chains,
                "issued_at": issued_at,
                "keys": keys,
                "root": root,
                "root_key": root_key,
                "rows": rows,
                "statement": statement,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        chains = d.pop("chains")

        issued_at = datetime.datetime.fromisoformat(d.pop("issued_at"))

        keys = d.pop("keys")

        root = d.pop("root")

        root_key = d.pop("root_key")

        rows = d.pop("rows")

        statement = d.pop("statement")

        audit_root_view = cls(
            chains=chains,
            issued_at=issued_at,
            keys=keys,
            root=root,
            root_key=root_key,
            rows=rows,
            statement=statement,
        )

        audit_root_view.additional_properties = d
        return audit_root_view

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
