from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.import_recipients_mode import ImportRecipientsMode
from ...models.import_recipients_on_error import ImportRecipientsOnError
from ...models.problem import Problem
from ...models.recipient_import import RecipientImport
from ...types import UNSET, File, Response, Unset


def _get_kwargs(
    domain_id: str,
    *,
    body: File,
    mode: ImportRecipientsMode | Unset = UNSET,
    on_error: ImportRecipientsOnError | Unset = UNSET,
    dry_run: bool | Unset = False,
    max_removed: int | Unset = UNSET,
    idempotency_key: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    params: dict[str, Any] = {}

    json_mode: str | Unset = UNSET
    if not isinstance(mode, Unset):
        json_mode = mode.value

    params["mode"] = json_mode

    json_on_error: str | Unset = UNSET
    if not isinstance(on_error, Unset):
        json_on_error = on_error.value

    params["on_error"] = json_on_error

    params["dry_run"] = dry_run

    params["max_removed"] = max_removed

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/domains/{domain_id}/recipients:import".format(
            domain_id=quote(str(domain_id), safe=""),
        ),
        "params": params,
    }

    _kwargs["content"] = body.payload
    headers["Content-Type"] = "text/csv"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | RecipientImport | None:
    if response.status_code == 200:
        response_200 = RecipientImport.from_dict(response.json())

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
) -> Response[Problem | RecipientImport]:
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
    body: File,
    mode: ImportRecipientsMode | Unset = UNSET,
    on_error: ImportRecipientsOnError | Unset = UNSET,
    dry_run: bool | Unset = False,
    max_removed: int | Unset = UNSET,
    idempotency_key: str | Unset = UNSET,
) -> Response[Problem | RecipientImport]:
    """Upload recipients as CSV: add those in the file, or replace all by them.

     A line a recipient: `address`, `alias_of`, `hop_sees`; a header line may name the columns. Up to 32
    MiB (413 beyond; 1 MiB
    with an `Idempotency-Key`, which this operation does not need: the same file again changes nothing).
    A broken line is
    named with line and column, here as `/line/column`; by `on_error` none of the file is applied then,
    or all good lines.

    Args:
        domain_id (str):
        mode (ImportRecipientsMode | Unset): What an upload does with recipients that are not in
            the file.
        on_error (ImportRecipientsOnError | Unset): What an upload does when a line of the file is
            broken.
        dry_run (bool | Unset):  Default: False.
        max_removed (int | Unset):
        idempotency_key (str | Unset):
        body (File): A file of recipients, in UTF-8.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | RecipientImport]
    """

    kwargs = _get_kwargs(
        domain_id=domain_id,
        body=body,
        mode=mode,
        on_error=on_error,
        dry_run=dry_run,
        max_removed=max_removed,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    domain_id: str,
    *,
    client: AuthenticatedClient,
    body: File,
    mode: ImportRecipientsMode | Unset = UNSET,
    on_error: ImportRecipientsOnError | Unset = UNSET,
    dry_run: bool | Unset = False,
    max_removed: int | Unset = UNSET,
    idempotency_key: str | Unset = UNSET,
) -> Problem | RecipientImport | None:
    """Upload recipients as CSV: add those in the file, or replace all by them.

     A line a recipient: `address`, `alias_of`, `hop_sees`; a header line may name the columns. Up to 32
    MiB (413 beyond; 1 MiB
    with an `Idempotency-Key`, which this operation does not need: the same file again changes nothing).
    A broken line is
    named with line and column, here as `/line/column`; by `on_error` none of the file is applied then,
    or all good lines.

    Args:
        domain_id (str):
        mode (ImportRecipientsMode | Unset): What an upload does with recipients that are not in
            the file.
        on_error (ImportRecipientsOnError | Unset): What an upload does when a line of the file is
            broken.
        dry_run (bool | Unset):  Default: False.
        max_removed (int | Unset):
        idempotency_key (str | Unset):
        body (File): A file of recipients, in UTF-8.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | RecipientImport
    """

    return sync_detailed(
        domain_id=domain_id,
        client=client,
        body=body,
        mode=mode,
        on_error=on_error,
        dry_run=dry_run,
        max_removed=max_removed,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    domain_id: str,
    *,
    client: AuthenticatedClient,
    body: File,
    mode: ImportRecipientsMode | Unset = UNSET,
    on_error: ImportRecipientsOnError | Unset = UNSET,
    dry_run: bool | Unset = False,
    max_removed: int | Unset = UNSET,
    idempotency_key: str | Unset = UNSET,
) -> Response[Problem | RecipientImport]:
    """Upload recipients as CSV: add those in the file, or replace all by them.

     A line a recipient: `address`, `alias_of`, `hop_sees`; a header line may name the columns. Up to 32
    MiB (413 beyond; 1 MiB
    with an `Idempotency-Key`, which this operation does not need: the same file again changes nothing).
    A broken line is
    named with line and column, here as `/line/column`; by `on_error` none of the file is applied then,
    or all good lines.

    Args:
        domain_id (str):
        mode (ImportRecipientsMode | Unset): What an upload does with recipients that are not in
            the file.
        on_error (ImportRecipientsOnError | Unset): What an upload does when a line of the file is
            broken.
        dry_run (bool | Unset):  Default: False.
        max_removed (int | Unset):
        idempotency_key (str | Unset):
        body (File): A file of recipients, in UTF-8.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | RecipientImport]
    """

    kwargs = _get_kwargs(
        domain_id=domain_id,
        body=body,
        mode=mode,
        on_error=on_error,
        dry_run=dry_run,
        max_removed=max_removed,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    domain_id: str,
    *,
    client: AuthenticatedClient,
    body: File,
    mode: ImportRecipientsMode | Unset = UNSET,
    on_error: ImportRecipientsOnError | Unset = UNSET,
    dry_run: bool | Unset = False,
    max_removed: int | Unset = UNSET,
    idempotency_key: str | Unset = UNSET,
) -> Problem | RecipientImport | None:
    """Upload recipients as CSV: add those in the file, or replace all by them.

     A line a recipient: `address`, `alias_of`, `hop_sees`; a header line may name the columns. Up to 32
    MiB (413 beyond; 1 MiB
    with an `Idempotency-Key`, which this operation does not need: the same file again changes nothing).
    A broken line is
    named with line and column, here as `/line/column`; by `on_error` none of the file is applied then,
    or all good lines.

    Args:
        domain_id (str):
        mode (ImportRecipientsMode | Unset): What an upload does with recipients that are not in
            the file.
        on_error (ImportRecipientsOnError | Unset): What an upload does when a line of the file is
            broken.
        dry_run (bool | Unset):  Default: False.
        max_removed (int | Unset):
        idempotency_key (str | Unset):
        body (File): A file of recipients, in UTF-8.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | RecipientImport
    """

    return (
        await asyncio_detailed(
            domain_id=domain_id,
            client=client,
            body=body,
            mode=mode,
            on_error=on_error,
            dry_run=dry_run,
            max_removed=max_removed,
            idempotency_key=idempotency_key,
        )
    ).parsed
