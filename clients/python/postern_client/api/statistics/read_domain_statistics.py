import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.known_step import KnownStep
from ...models.problem import Problem
from ...models.statistics_view import StatisticsView
from ...types import UNSET, Response, Unset


def _get_kwargs(
    domain_id: str,
    *,
    from_: datetime.datetime | Unset = UNSET,
    to: datetime.datetime | Unset = UNSET,
    step: KnownStep | str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_from_: str | Unset = UNSET
    if not isinstance(from_, Unset):
        json_from_ = from_.isoformat()
    params["from"] = json_from_

    json_to: str | Unset = UNSET
    if not isinstance(to, Unset):
        json_to = to.isoformat()
    params["to"] = json_to

    json_step: str | Unset
    if isinstance(step, Unset):
        json_step = UNSET
    elif isinstance(step, KnownStep):
        json_step = step.value
    else:
        json_step = step
    params["step"] = json_step

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/domains/{domain_id}/statistics".format(
            domain_id=quote(str(domain_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | StatisticsView | None:
    if response.status_code == 200:
        response_200 = StatisticsView.from_dict(response.json())

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
) -> Response[Problem | StatisticsView]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    domain_id: str,
    *,
    client: AuthenticatedClient,
    from_: datetime.datetime | Unset = UNSET,
    to: datetime.datetime | Unset = UNSET,
    step: KnownStep | str | Unset = UNSET,
) -> Response[Problem | StatisticsView]:
    """Count a domain's transactions, by hour or day. A transaction counts for the domain of its first
    recipient, in the hour
    in which its worker told.

    Args:
        domain_id (str):
        from_ (datetime.datetime | Unset):
        to (datetime.datetime | Unset):
        step (KnownStep | str | Unset): More may come.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | StatisticsView]
    """

    kwargs = _get_kwargs(
        domain_id=domain_id,
        from_=from_,
        to=to,
        step=step,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    domain_id: str,
    *,
    client: AuthenticatedClient,
    from_: datetime.datetime | Unset = UNSET,
    to: datetime.datetime | Unset = UNSET,
    step: KnownStep | str | Unset = UNSET,
) -> Problem | StatisticsView | None:
    """Count a domain's transactions, by hour or day. A transaction counts for the domain of its first
    recipient, in the hour
    in which its worker told.

    Args:
        domain_id (str):
        from_ (datetime.datetime | Unset):
        to (datetime.datetime | Unset):
        step (KnownStep | str | Unset): More may come.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | StatisticsView
    """

    return sync_detailed(
        domain_id=domain_id,
        client=client,
        from_=from_,
        to=to,
        step=step,
    ).parsed


async def asyncio_detailed(
    domain_id: str,
    *,
    client: AuthenticatedClient,
    from_: datetime.datetime | Unset = UNSET,
    to: datetime.datetime | Unset = UNSET,
    step: KnownStep | str | Unset = UNSET,
) -> Response[Problem | StatisticsView]:
    """Count a domain's transactions, by hour or day. A transaction counts for the domain of its first
    recipient, in the hour
    in which its worker told.

    Args:
        domain_id (str):
        from_ (datetime.datetime | Unset):
        to (datetime.datetime | Unset):
        step (KnownStep | str | Unset): More may come.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | StatisticsView]
    """

    kwargs = _get_kwargs(
        domain_id=domain_id,
        from_=from_,
        to=to,
        step=step,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    domain_id: str,
    *,
    client: AuthenticatedClient,
    from_: datetime.datetime | Unset = UNSET,
    to: datetime.datetime | Unset = UNSET,
    step: KnownStep | str | Unset = UNSET,
) -> Problem | StatisticsView | None:
    """Count a domain's transactions, by hour or day. A transaction counts for the domain of its first
    recipient, in the hour
    in which its worker told.

    Args:
        domain_id (str):
        from_ (datetime.datetime | Unset):
        to (datetime.datetime | Unset):
        step (KnownStep | str | Unset): More may come.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | StatisticsView
    """

    return (
        await asyncio_detailed(
            domain_id=domain_id,
            client=client,
            from_=from_,
            to=to,
            step=step,
        )
    ).parsed
