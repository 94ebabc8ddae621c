from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.invitation_create import InvitationCreate
from ...models.invitation_view import InvitationView
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    body: InvitationCreate,
    idempotency_key: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/invitations",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> InvitationView | Problem | None:
    if response.status_code == 201:
        response_201 = InvitationView.from_dict(response.json())

        return response_201

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
) -> Response[InvitationView | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: InvitationCreate,
    idempotency_key: str | Unset = UNSET,
) -> Response[InvitationView | Problem]:
    """Invite somebody by mail. They are given the grant when they accept; who has no account chooses a
    password then.

     The rules are those of `POST /v1/grants`, and they are asked again when somebody accepts: an
    invitation comes to nothing when
    whoever sent it may not give the grant any more. The link goes by mail only, is good once and for
    seven days. Inviting an
    address to the same thing again ends the link of before.

    Args:
        idempotency_key (str | Unset):
        body (InvitationCreate): An invitation to be sent. Example: {'email': 'anna@acme.example',
            'grant': {'role': 'tenant_admin', 'scope': 'tenant', 'tenant_id':
            'ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f'}, 'tenant_id':
            'ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[InvitationView | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: InvitationCreate,
    idempotency_key: str | Unset = UNSET,
) -> InvitationView | Problem | None:
    """Invite somebody by mail. They are given the grant when they accept; who has no account chooses a
    password then.

     The rules are those of `POST /v1/grants`, and they are asked again when somebody accepts: an
    invitation comes to nothing when
    whoever sent it may not give the grant any more. The link goes by mail only, is good once and for
    seven days. Inviting an
    address to the same thing again ends the link of before.

    Args:
        idempotency_key (str | Unset):
        body (InvitationCreate): An invitation to be sent. Example: {'email': 'anna@acme.example',
            'grant': {'role': 'tenant_admin', 'scope': 'tenant', 'tenant_id':
            'ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f'}, 'tenant_id':
            'ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        InvitationView | Problem
    """

    return sync_detailed(
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: InvitationCreate,
    idempotency_key: str | Unset = UNSET,
) -> Response[InvitationView | Problem]:
    """Invite somebody by mail. They are given the grant when they accept; who has no account chooses a
    password then.

     The rules are those of `POST /v1/grants`, and they are asked again when somebody accepts: an
    invitation comes to nothing when
    whoever sent it may not give the grant any more. The link goes by mail only, is good once and for
    seven days. Inviting an
    address to the same thing again ends the link of before.

    Args:
        idempotency_key (str | Unset):
        body (InvitationCreate): An invitation to be sent. Example: {'email': 'anna@acme.example',
            'grant': {'role': 'tenant_admin', 'scope': 'tenant', 'tenant_id':
            'ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f'}, 'tenant_id':
            'ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[InvitationView | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: InvitationCreate,
    idempotency_key: str | Unset = UNSET,
) -> InvitationView | Problem | None:
    """Invite somebody by mail. They are given the grant when they accept; who has no account chooses a
    password then.

     The rules are those of `POST /v1/grants`, and they are asked again when somebody accepts: an
    invitation comes to nothing when
    whoever sent it may not give the grant any more. The link goes by mail only, is good once and for
    seven days. Inviting an
    address to the same thing again ends the link of before.

    Args:
        idempotency_key (str | Unset):
        body (InvitationCreate): An invitation to be sent. Example: {'email': 'anna@acme.example',
            'grant': {'role': 'tenant_admin', 'scope': 'tenant', 'tenant_id':
            'ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f'}, 'tenant_id':
            'ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        InvitationView | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
