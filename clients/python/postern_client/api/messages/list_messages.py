import datetime
from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.known_disposition import KnownDisposition
from ...models.known_rule import KnownRule
from ...models.message_page import MessagePage
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    tenant_id: str | Unset = UNSET,
    subtree_of: str | Unset = UNSET,
    sender: str | Unset = UNSET,
    recipient: str | Unset = UNSET,
    message_id: str | Unset = UNSET,
    subject: str | Unset = UNSET,
    rule: KnownRule | str | Unset = UNSET,
    disposition: KnownDisposition | str | Unset = UNSET,
    from_: datetime.datetime | Unset = UNSET,
    to: datetime.datetime | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["tenant_id"] = tenant_id

    params["subtree_of"] = subtree_of

    params["sender"] = sender

    params["recipient"] = recipient

    params["message_id"] = message_id

    params["subject"] = subject

    json_rule: str | Unset
    if isinstance(rule, Unset):
        json_rule = UNSET
    elif isinstance(rule, KnownRule):
        json_rule = rule.value
    else:
        json_rule = rule
    params["rule"] = json_rule

    json_disposition: str | Unset
    if isinstance(disposition, Unset):
        json_disposition = UNSET
    elif isinstance(disposition, KnownDisposition):
        json_disposition = disposition.value
    else:
        json_disposition = disposition
    params["disposition"] = json_disposition

    json_from_: str | Unset = UNSET
    if not isinstance(from_, Unset):
        json_from_ = from_.isoformat()
    params["from"] = json_from_

    json_to: str | Unset = UNSET
    if not isinstance(to, Unset):
        json_to = to.isoformat()
    params["to"] = json_to

    params["limit"] = limit

    params["cursor"] = cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/messages",
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> MessagePage | Problem | None:
    if response.status_code == 200:
        response_200 = MessagePage.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Problem.from_dict(response.json())

        return response_403

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    if response.status_code == 409:
        response_409 = Problem.from_dict(response.json())

        return response_409

    if response.status_code == 410:
        response_410 = Problem.from_dict(response.json())

        return response_410

    if response.status_code == 412:
        response_412 = Problem.from_dict(response.json())

        return response_412

    if response.status_code == 413:
        response_413 = Problem.from_dict(response.json())

        return response_413

    if response.status_code == 415:
        response_415 = Problem.from_dict(response.json())

        return response_415

    if response.status_code == 422:
        response_422 = Problem.from_dict(response.json())

        return response_422

    if response.status_code == 428:
        response_428 = Problem.from_dict(response.json())

        return response_428

    if response.status_code == 429:
        response_429 = Problem.from_dict(response.json())

        return response_429

    if response.status_code == 500:
        response_500 = Problem.from_dict(response.json())

        return response_500

    if response.status_code == 503:
        response_503 = Problem.from_dict(response.json())

        return response_503

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[MessagePage | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    tenant_id: str | Unset = UNSET,
    subtree_of: str | Unset = UNSET,
    sender: str | Unset = UNSET,
    recipient: str | Unset = UNSET,
    message_id: str | Unset = UNSET,
    subject: str | Unset = UNSET,
    rule: KnownRule | str | Unset = UNSET,
    disposition: KnownDisposition | str | Unset = UNSET,
    from_: datetime.datetime | Unset = UNSET,
    to: datetime.datetime | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> Response[MessagePage | Problem]:
    """Search the trace, newest first.

    Args:
        tenant_id (str | Unset):
        subtree_of (str | Unset):
        sender (str | Unset):
        recipient (str | Unset):
        message_id (str | Unset):
        subject (str | Unset):
        rule (KnownRule | str | Unset): The rule that decided. More may come.
        disposition (KnownDisposition | str | Unset): Which way a transaction, or one recipient of
            it, went. More may come.
        from_ (datetime.datetime | Unset):
        to (datetime.datetime | Unset):
        limit (int | Unset):  Default: 100.
        cursor (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[MessagePage | Problem]
    """

    kwargs = _get_kwargs(
        tenant_id=tenant_id,
        subtree_of=subtree_of,
        sender=sender,
        recipient=recipient,
        message_id=message_id,
        subject=subject,
        rule=rule,
        disposition=disposition,
        from_=from_,
        to=to,
        limit=limit,
        cursor=cursor,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    tenant_id: str | Unset = UNSET,
    subtree_of: str | Unset = UNSET,
    sender: str | Unset = UNSET,
    recipient: str | Unset = UNSET,
    message_id: str | Unset = UNSET,
    subject: str | Unset = UNSET,
    rule: KnownRule | str | Unset = UNSET,
    disposition: KnownDisposition | str | Unset = UNSET,
    from_: datetime.datetime | Unset = UNSET,
    to: datetime.datetime | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> MessagePage | Problem | None:
    """Search the trace, newest first.

    Args:
        tenant_id (str | Unset):
        subtree_of (str | Unset):
        sender (str | Unset):
        recipient (str | Unset):
        message_id (str | Unset):
        subject (str | Unset):
        rule (KnownRule | str | Unset): The rule that decided. More may come.
        disposition (KnownDisposition | str | Unset): Which way a transaction, or one recipient of
            it, went. More may come.
        from_ (datetime.datetime | Unset):
        to (datetime.datetime | Unset):
        limit (int | Unset):  Default: 100.
        cursor (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        MessagePage | Problem
    """

    return sync_detailed(
        client=client,
        tenant_id=tenant_id,
        subtree_of=subtree_of,
        sender=sender,
        recipient=recipient,
        message_id=message_id,
        subject=subject,
        rule=rule,
        disposition=disposition,
        from_=from_,
        to=to,
        limit=limit,
        cursor=cursor,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    tenant_id: str | Unset = UNSET,
    subtree_of: str | Unset = UNSET,
    sender: str | Unset = UNSET,
    recipient: str | Unset = UNSET,
    message_id: str | Unset = UNSET,
    subject: str | Unset = UNSET,
    rule: KnownRule | str | Unset = UNSET,
    disposition: KnownDisposition | str | Unset = UNSET,
    from_: datetime.datetime | Unset = UNSET,
    to: datetime.datetime | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> Response[MessagePage | Problem]:
    """Search the trace, newest first.

    Args:
        tenant_id (str | Unset):
        subtree_of (str | Unset):
        sender (str | Unset):
        recipient (str | Unset):
        message_id (str | Unset):
        subject (str | Unset):
        rule (KnownRule | str | Unset): The rule that decided. More may come.
        disposition (KnownDisposition | str | Unset): Which way a transaction, or one recipient of
            it, went. More may come.
        from_ (datetime.datetime | Unset):
        to (datetime.datetime | Unset):
        limit (int | Unset):  Default: 100.
        cursor (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[MessagePage | Problem]
    """

    kwargs = _get_kwargs(
        tenant_id=tenant_id,
        subtree_of=subtree_of,
        sender=sender,
        recipient=recipient,
        message_id=message_id,
        subject=subject,
        rule=rule,
        disposition=disposition,
        from_=from_,
        to=to,
        limit=limit,
        cursor=cursor,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    tenant_id: str | Unset = UNSET,
    subtree_of: str | Unset = UNSET,
    sender: str | Unset = UNSET,
    recipient: str | Unset = UNSET,
    message_id: str | Unset = UNSET,
    subject: str | Unset = UNSET,
    rule: KnownRule | str | Unset = UNSET,
    disposition: KnownDisposition | str | Unset = UNSET,
    from_: datetime.datetime | Unset = UNSET,
    to: datetime.datetime | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> MessagePage | Problem | None:
    """Search the trace, newest first.

    Args:
        tenant_id (str | Unset):
        subtree_of (str | Unset):
        sender (str | Unset):
        recipient (str | Unset):
        message_id (str | Unset):
        subject (str | Unset):
        rule (KnownRule | str | Unset): The rule that decided. More may come.
        disposition (KnownDisposition | str | Unset): Which way a transaction, or one recipient of
            it, went. More may come.
        from_ (datetime.datetime | Unset):
        to (datetime.datetime | Unset):
        limit (int | Unset):  Default: 100.
        cursor (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        MessagePage | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            tenant_id=tenant_id,
            subtree_of=subtree_of,
            sender=sender,
            recipient=recipient,
            message_id=message_id,
            subject=subject,
            rule=rule,
            disposition=disposition,
            from_=from_,
            to=to,
            limit=limit,
            cursor=cursor,
        )
    ).parsed
