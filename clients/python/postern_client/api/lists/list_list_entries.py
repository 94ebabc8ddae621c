from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.known_list_kind import KnownListKind
from ...models.known_list_scope_name import KnownListScopeName
from ...models.list_entry_page import ListEntryPage
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    scope: KnownListScopeName | str | Unset = UNSET,
    tenant_id: str | Unset = UNSET,
    domain_id: str | Unset = UNSET,
    kind: KnownListKind | str | Unset = UNSET,
    sender: str | Unset = UNSET,
    client_query: str | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_scope: str | Unset
    if isinstance(scope, Unset):
        json_scope = UNSET
    elif isinstance(scope, KnownListScopeName):
        json_scope = scope.value
    else:
        json_scope = scope
    params["scope"] = json_scope

    params["tenant_id"] = tenant_id

    params["domain_id"] = domain_id

    json_kind: str | Unset
    if isinstance(kind, Unset):
        json_kind = UNSET
    elif isinstance(kind, KnownListKind):
        json_kind = kind.value
    else:
        json_kind = kind
    params["kind"] = json_kind

    params["sender"] = sender

    params["client"] = client_query

    params["limit"] = limit

    params["cursor"] = cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/list-entries",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ListEntryPage | Problem | None:
    if response.status_code == 200:
        response_200 = ListEntryPage.from_dict(response.json())

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
) -> Response[ListEntryPage | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    scope: KnownListScopeName | str | Unset = UNSET,
    tenant_id: str | Unset = UNSET,
    domain_id: str | Unset = UNSET,
    kind: KnownListKind | str | Unset = UNSET,
    sender: str | Unset = UNSET,
    client_query: str | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> Response[ListEntryPage | Problem]:
    """List entries of allow and block lists.

    Args:
        scope (KnownListScopeName | str | Unset): Whose mail an entry is about. The most specific
            scope that has a matching entry decides; within one, block beats allow. More may come.
        tenant_id (str | Unset):
        domain_id (str | Unset):
        kind (KnownListKind | str | Unset): More may come.
        sender (str | Unset):
        client_query (str | Unset):
        limit (int | Unset):  Default: 100.
        cursor (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ListEntryPage | Problem]
    """

    kwargs = _get_kwargs(
        scope=scope,
        tenant_id=tenant_id,
        domain_id=domain_id,
        kind=kind,
        sender=sender,
        client_query=client_query,
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
    scope: KnownListScopeName | str | Unset = UNSET,
    tenant_id: str | Unset = UNSET,
    domain_id: str | Unset = UNSET,
    kind: KnownListKind | str | Unset = UNSET,
    sender: str | Unset = UNSET,
    client_query: str | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> ListEntryPage | Problem | None:
    """List entries of allow and block lists.

    Args:
        scope (KnownListScopeName | str | Unset): Whose mail an entry is about. The most specific
            scope that has a matching entry decides; within one, block beats allow. More may come.
        tenant_id (str | Unset):
        domain_id (str | Unset):
        kind (KnownListKind | str | Unset): More may come.
        sender (str | Unset):
        client_query (str | Unset):
        limit (int | Unset):  Default: 100.
        cursor (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ListEntryPage | Problem
    """

    return sync_detailed(
        client=client,
        scope=scope,
        tenant_id=tenant_id,
        domain_id=domain_id,
        kind=kind,
        sender=sender,
        client_query=client_query,
        limit=limit,
        cursor=cursor,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    scope: KnownListScopeName | str | Unset = UNSET,
    tenant_id: str | Unset = UNSET,
    domain_id: str | Unset = UNSET,
    kind: KnownListKind | str | Unset = UNSET,
    sender: str | Unset = UNSET,
    client_query: str | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> Response[ListEntryPage | Problem]:
    """List entries of allow and block lists.

    Args:
        scope (KnownListScopeName | str | Unset): Whose mail an entry is about. The most specific
            scope that has a matching entry decides; within one, block beats allow. More may come.
        tenant_id (str | Unset):
        domain_id (str | Unset):
        kind (KnownListKind | str | Unset): More may come.
        sender (str | Unset):
        client_query (str | Unset):
        limit (int | Unset):  Default: 100.
        cursor (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ListEntryPage | Problem]
    """

    kwargs = _get_kwargs(
        scope=scope,
        tenant_id=tenant_id,
        domain_id=domain_id,
        kind=kind,
        sender=sender,
        client_query=client_query,
        limit=limit,
        cursor=cursor,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    scope: KnownListScopeName | str | Unset = UNSET,
    tenant_id: str | Unset = UNSET,
    domain_id: str | Unset = UNSET,
    kind: KnownListKind | str | Unset = UNSET,
    sender: str | Unset = UNSET,
    client_query: str | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> ListEntryPage | Problem | None:
    """List entries of allow and block lists.

    Args:
        scope (KnownListScopeName | str | Unset): Whose mail an entry is about. The most specific
            scope that has a matching entry decides; within one, block beats allow. More may come.
        tenant_id (str | Unset):
        domain_id (str | Unset):
        kind (KnownListKind | str | Unset): More may come.
        sender (str | Unset):
        client_query (str | Unset):
        limit (int | Unset):  Default: 100.
        cursor (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ListEntryPage | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            scope=scope,
            tenant_id=tenant_id,
            domain_id=domain_id,
            kind=kind,
            sender=sender,
            client_query=client_query,
            limit=limit,
            cursor=cursor,
        )
    ).parsed
