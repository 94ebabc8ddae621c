from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.invitation_accept import InvitationAccept
from ...models.invitation_accepted import InvitationAccepted
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    *,
    body: InvitationAccept,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/invitations/accept",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> InvitationAccepted | Problem | None:
    if response.status_code == 200:
        response_200 = InvitationAccepted.from_dict(response.json())

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
) -> Response[InvitationAccepted | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: InvitationAccept,
) -> Response[InvitationAccepted | Problem]:
    """Accept an invitation for a new account: it is made with the password, the grant arises, and the link
    is spent.

     Whoever has an account with the address signs in and accepts at `POST /v1/me/invitations/accept`
    (401 here). Nobody is signed
    in by it.

    Args:
        body (InvitationAccept):  Example: {'password': 'correct horse battery staple', 'token':
            'piv_3q2-7wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[InvitationAccepted | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: InvitationAccept,
) -> InvitationAccepted | Problem | None:
    """Accept an invitation for a new account: it is made with the password, the grant arises, and the link
    is spent.

     Whoever has an account with the address signs in and accepts at `POST /v1/me/invitations/accept`
    (401 here). Nobody is signed
    in by it.

    Args:
        body (InvitationAccept):  Example: {'password': 'correct horse battery staple', 'token':
            'piv_3q2-7wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        InvitationAccepted | Problem
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: InvitationAccept,
) -> Response[InvitationAccepted | Problem]:
    """Accept an invitation for a new account: it is made with the password, the grant arises, and the link
    is spent.

     Whoever has an account with the address signs in and accepts at `POST /v1/me/invitations/accept`
    (401 here). Nobody is signed
    in by it.

    Args:
        body (InvitationAccept):  Example: {'password': 'correct horse battery staple', 'token':
            'piv_3q2-7wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[InvitationAccepted | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: InvitationAccept,
) -> InvitationAccepted | Problem | None:
    """Accept an invitation for a new account: it is made with the password, the grant arises, and the link
    is spent.

     Whoever has an account with the address signs in and accepts at `POST /v1/me/invitations/accept`
    (401 here). Nobody is signed
    in by it.

    Args:
        body (InvitationAccept):  Example: {'password': 'correct horse battery staple', 'token':
            'piv_3q2-7wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        InvitationAccepted | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
