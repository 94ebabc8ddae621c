"""A customer's first day at a managed service provider, by typed calls of the generated client alone.

    story.py path/to/postern

Starts a real `postern standalone` on free ports. Its owner makes an MSP and a key over it; with that key alone a customer is
set up, a message sent and found in the trace. At the end somebody of the customer, invited by mail, creates a domain of
their own and is refused one too many. `cargo xtask clients --story` runs it, and so does CI. Every step checks what it got;
the exit code says whether all went well.
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import io
import json
import os
import re
import secrets
import smtplib
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

# Run as a file and in isolation (-I), so that nothing of this machine's stands in the way: the package lies beside it.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from postern_client import AuthenticatedClient, Client
from postern_client.api.account import create_session, delete_current_session, read_me
from postern_client.api.api_keys import create_api_key
from postern_client.api.audit import list_audit
from postern_client.api.configuration import read_config_version
from postern_client.api.domains import create_domain, list_domains, read_domain_dns, update_domain, verify_domain
from postern_client.api.invitations import accept_invitation, create_invitation, preview_invitation
from postern_client.api.messages import list_messages, read_message
from postern_client.api.policy import (
    read_domain_policy,
    read_policy,
    read_tenant_policy,
    test_policy,
    update_domain_policy,
    update_policy,
    update_tenant_policy,
)
from postern_client.api.recipients import batch_recipients, export_recipients, import_recipients
from postern_client.api.routes import create_route, test_route
from postern_client.api.status import read_status
from postern_client.api.tenants import create_tenant, onboard_tenant
from postern_client.api.workers import list_workers
from postern_client.models import (
    ApiKeyCreate,
    DomainCreate,
    DomainUpdate,
    GrantRole,
    HopSettings,
    InvitationAccept,
    InvitationCreate,
    InvitationGrantCreate,
    InvitationToken,
    KnownDisposition,
    KnownGrantScopeName,
    KnownInboundTls,
    KnownPolicyLevelKind,
    KnownReason,
    KnownRecipientMode,
    KnownSetting,
    KnownStatusSeverity,
    KnownTenantKind,
    KnownTlsLevel,
    KnownTlsVersion,
    Labels,
    PolicyTest,
    PolicyUpdate,
    Problem,
    RecipientBatch,
    RecipientCreate,
    RouteCreate,
    RouteTest,
    SessionCreate,
    TenantAdministrator,
    TenantCreate,
    TenantDomain,
    TenantLimitsUpdate,
    TenantOnboard,
    TenantView,
    TlsSettings,
)
from postern_client.types import File, Response
from pretend import NameServer, NextHop

OWNER = "owner@provider.example"
DOMAIN = "acme.example"
ANNA, BERT = f"anna@{DOMAIN}", f"bert@{DOMAIN}"
SECOND, THIRD = "second.acme.example", "third.acme.example"
MAIL_SERVER = "mail.acme.example"
# What the key names: all that a program may do for a customer. A key makes nobody who may do more than it names.
EVERYTHING_FOR_CUSTOMERS = """
    tenants.read tenants.write tenants.suspend limits.write domains.read domains.create domains.write domains.move
    recipients.read recipients.write routes.read routes.write certificates.read certificates.write lists.read lists.write
    policy.read policy.write persons.read grants.read grants.write invitations.read invitations.write access.read
    audit.read config_versions.read messages.read statistics.read
""".split()
# Much longer than anything here takes; whoever waits is told what for.
PATIENCE_S = 60

T = TypeVar("T")


def main(postern: str) -> None:
    dns, hop, relay = NameServer(), NextHop(), NextHop()
    dns.address_of(MAIL_SERVER, "127.0.0.1")
    with standalone(Path(postern).resolve(), dns, relay) as (addresses, certificate, password):
        base_url, tls = f"https://{addresses['api']}", ssl.create_default_context(cafile=certificate)
        anonymous = Client(base_url=base_url, verify_ssl=tls, raise_on_unexpected_status=True)

        step("sign in")
        wrong = create_session.sync_detailed(client=anonymous, body=SessionCreate(email=OWNER, password="wrong" * 4))
        assert problem(wrong).code == "invalid_credentials", wrong
        session = good(
            create_session.sync_detailed(client=anonymous, body=SessionCreate(email=OWNER, password=password))
        )
        def signed_in(token: str) -> AuthenticatedClient:
            return AuthenticatedClient(
                base_url=base_url, token=token, verify_ssl=tls, raise_on_unexpected_status=True
            )

        owner = signed_in(session.access_token)
        assert good(read_me.sync_detailed(client=owner)).email == OWNER
        until(
            "a worker that takes mail",
            lambda: [w for w in good(list_workers.sync_detailed(client=owner)).data if w.is_ready],
        )

        step("an MSP, and a key for its programs")
        wanted_msp = TenantCreate(name="Umbrella MSP", kind=KnownTenantKind.MSP)
        msp = good(create_tenant.sync_detailed(client=owner, body=wanted_msp))
        wanted_key = ApiKeyCreate(
            name="onboarding",
            scope=KnownGrantScopeName.TENANT,
            tenant_id=msp.id,
            actions=EVERYTHING_FOR_CUSTOMERS,
            address_ranges=["127.0.0.0/8"],
        )
        key = good(create_api_key.sync_detailed(client=owner, body=wanted_key))
        assert "An API key was made" in subject_of(relay.messages.get(timeout=PATIENCE_S))
        client = signed_in(key.secret)
        beside = create_tenant.sync_detailed(client=client, body=TenantCreate(name="Not ours"))
        assert [error.pointer for error in problem(beside).errors or []] == ["/parent_id"], beside

        step("a customer at one stroke: tenant, limits, administrator, first domain")
        wanted = TenantOnboard(
            tenant=TenantCreate(
                name=" ", parent_id=msp.id, external_ref="C-1001", labels=Labels.from_dict({"plan": "gold"})
            ),
            limits=TenantLimitsUpdate(max_domains=2),
            administrator=TenantAdministrator(email=ANNA),
            domain=TenantDomain(name=DOMAIN),
        )
        nameless = onboard_tenant.sync_detailed(client=client, body=wanted)
        assert [error.pointer for error in problem(nameless).errors or []] == ["/tenant/name"], nameless
        wanted.tenant.name = "Acme Ltd"
        onboarded = good(onboard_tenant.sync_detailed(client=client, body=wanted, idempotency_key="acme"))
        # A script that lost the answer asks again, and there is still one customer.
        again = good(onboard_tenant.sync_detailed(client=client, body=wanted, idempotency_key="acme"))
        tenant, domain = onboarded.tenant, onboarded.domain
        assert domain is not None and onboarded.invitation is not None
        assert (again.tenant.id, tenant.labels["plan"]) == (tenant.id, "gold"), again
        assert (domain.state, domain.recipients) == ("pending", KnownRecipientMode.LISTED), domain

        step("its administrator accepts, by the link that was mailed")
        anna = join(anonymous, relay, ANNA, "a horse that Anna keeps to herself")
        assert good(read_me.sync_detailed(client=signed_in(anna))).tenant_id == tenant.id

        step("route")
        hops = [
            HopSettings(
                host=MAIL_SERVER, port=hop.server_address[1], tls=TlsSettings(level=KnownTlsLevel.OPPORTUNISTIC)
            )
        ]
        route = good(
            create_route.sync_detailed(
                client=client, body=RouteCreate(tenant_id=tenant.id, name="mail server", hops=hops)
            )
        )
        good(update_domain.sync_detailed(domain.id, client=client, body=DomainUpdate(route_id=route.id)))

        step("DNS")
        look = good(read_domain_dns.sync_detailed(domain.id, client=client))
        assert (look.ownership.status, look.mx.status) == ("missing", "not_configured"), look
        assert look.ownership.expected == [domain.verification.record_value], look
        dns.txt(look.ownership.record_name, look.ownership.expected[0])
        look = good(read_domain_dns.sync_detailed(domain.id, client=client))
        assert (look.ownership.status, look.ownership.found) == ("ok", look.ownership.expected), look
        domain = good(verify_domain.sync_detailed(domain.id, client=client))
        assert domain.state == "active", domain

        step("recipients")
        one = RecipientBatch(items=[RecipientCreate(address=ANNA)])
        batch = good(batch_recipients.sync_detailed(domain.id, client=client, body=one))
        assert [item.error for item in batch.results] == [None], batch
        csv = f"address,alias_of,hop_sees\r\n{BERT},,\r\n".encode()
        uploaded = good(import_recipients.sync_detailed(domain.id, client=client, body=File(payload=io.BytesIO(csv))))
        assert (uploaded.added, uploaded.broken) == (1, 0), uploaded
        exported = good(export_recipients.sync_detailed(domain.id, client=client)).payload.read()
        assert ANNA.encode() in exported and BERT.encode() in exported, exported

        step("policy")
        size = PolicyUpdate(max_message_size_bytes=12 * 1024 * 1024)
        current = read_policy.sync_detailed(client=owner)
        stale = update_policy.sync_detailed(client=owner, body=size, if_match='"r999"')
        assert problem(stale).status == 412, stale
        good(update_policy.sync_detailed(client=owner, body=size, if_match=current.headers["etag"]))
        # The customer's mail comes under TLS, and no domain below may say otherwise.
        demand = PolicyUpdate(inbound_tls=KnownInboundTls.REQUIRED, locked=[KnownSetting.INBOUND_TLS])
        current = read_tenant_policy.sync_detailed(tenant.id, client=client)
        changed = update_tenant_policy.sync_detailed(
            tenant.id, client=client, body=demand, if_match=current.headers["etag"]
        )
        assert good(changed).inbound_tls == KnownInboundTls.REQUIRED, changed
        below = read_domain_policy.sync_detailed(domain.id, client=client, effective=True)
        effective = good(below).effective
        assert effective, below
        assert effective.max_message_size_bytes.value == 12 * 1024 * 1024, effective
        assert effective.inbound_tls.from_.level == KnownPolicyLevelKind.TENANT, effective
        lifted = PolicyUpdate(inbound_tls=KnownInboundTls.OPTIONAL)
        refused = update_domain_policy.sync_detailed(
            domain.id, client=client, body=lifted, if_match=below.headers["etag"]
        )
        assert problem(refused).code == "policy_locked", refused

        step("what a worker would answer")
        envelope = PolicyTest(client="192.0.2.25", mail_from="x@sender.example", rcpt_to=ANNA)
        clear = good(test_policy.sync_detailed(client=client, body=envelope)).recipient
        assert (clear.code, clear.reason) == (530, KnownReason.TLS_REQUIRED), clear
        envelope.tls = KnownTlsVersion.TLS13
        assert good(test_policy.sync_detailed(client=client, body=envelope)).recipient.code == 250

        step("wait until applied")
        version = int(changed.headers["config-version"])
        until(
            f"configuration {version} at every worker",
            lambda: good(read_config_version.sync_detailed(version, client=client, wait=10)).state == "applied",
        )

        step("the route, tried from the worker's place")
        tried = good(test_route.sync_detailed(route.id, client=client, body=RouteTest(recipient=ANNA)))
        assert (tried.verdict, [hop.verdict for hop in tried.hops]) == ("works", ["accepts"]), tried

        step("a message")
        subject = f"hello {secrets.token_hex(8)}"
        send(addresses["smtp"][0], subject)
        sender, recipients, content = hop.messages.get(timeout=PATIENCE_S)
        assert (sender, recipients) == ("x@sender.example", [ANNA]) and subject.encode() in content, content

        step("found in the trace")
        page = until(
            "the message in the trace", lambda: good(list_messages.sync_detailed(client=client, recipient=ANNA)).data
        )
        (message,) = page
        assert (message.disposition, message.tenant_id) == (KnownDisposition.ACCEPTED, tenant.id), message
        (record,) = good(read_message.sync_detailed(message.id, client=client)).data
        assert record.next_hop is not None and record.next_hop.host == MAIL_SERVER, record
        print(f"    {message.id}: {message.disposition}, {message.rule}, {message.reply}")

        step("and the log of it all")
        actions = {entry.action for entry in good(list_audit.sync_detailed(client=client)).data}
        assert {"invitation.accept", "tenant.create", "route.create", "domain.create", "recipients.import", "policy.update"} <= actions, (
            actions
        )

        step("somebody of the customer creates domains, as many as were agreed on")
        terms = InvitationGrantCreate(
            role=GrantRole.DOMAIN_ADMIN, scope=KnownGrantScopeName.TENANT, tenant_id=tenant.id, max_domains=2
        )
        invited = InvitationCreate(email=BERT, tenant_id=tenant.id, grant=terms)
        good(create_invitation.sync_detailed(client=client, body=invited))
        bert = signed_in(join(anonymous, relay, BERT, "a horse that Bert keeps to himself"))
        body = DomainCreate(tenant_id=tenant.id, name=SECOND)
        second = good(create_domain.sync_detailed(client=bert, body=body))
        body.name = THIRD
        third = create_domain.sync_detailed(client=bert, body=body)
        assert (problem(third).status, problem(third).code) == (409, "limit_reached"), third
        # It is theirs, and of the others they see nothing.
        seen = good(list_domains.sync_detailed(client=bert)).data
        assert [(one.id, one.state) for one in seen] == [(second.id, "pending")], seen
        print(f"    {second.name}: {second.state}; {THIRD}: {problem(third).code}")

        step("how the installation fares")
        fares = good(read_status.sync_detailed(client=owner))
        assert (fares.workers.ready, fares.configuration.workers_behind) == (1, 0), fares
        assert not [p for p in fares.problems if p.severity == KnownStatusSeverity.CRITICAL], fares

        step("words of a later version do not break this client")
        later = TenantView.from_dict(tenant.to_dict() | {"kind": "reseller", "new_field": 1})
        assert (later.kind, later["new_field"]) == ("reseller", 1), later

        step("sign out")
        assert delete_current_session.sync_detailed(client=owner).status_code == 204
        assert problem(read_me.sync_detailed(client=owner)).status == 401
        # The key stands by itself: its maker need not be signed in.
        assert good(list_domains.sync_detailed(client=client)).data
    print("The customer is set up, and has mail.")


@contextlib.contextmanager
def standalone(postern: Path, dns: NameServer, relay: NextHop) -> Iterator[tuple[dict[str, Any], Path, str]]:
    """A Postern of its own: its addresses, its certificate, the first owner's password. Stopped in order at the end."""
    password = secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory(prefix="postern-story-") as folder:
        place = Path(folder)
        servers = f'servers = ["127.0.0.1:{dns.server_address[1]}"]'
        config = place / "postern.toml"
        with os.fdopen(os.open(config, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(f"""
data_dir = {json.dumps(str(place / "data"))}
[log]
level = "warn"
[control_plane]
listen = "127.0.0.1:0"
allowed_hop_ranges = ["127.0.0.0/8"]
[control_plane.first_owner]
email = "{OWNER}"
password = "{password}"
[control_plane.passwords.compromised]
enabled = false
[control_plane.mail.relay]
host = "127.0.0.1"
port = {relay.server_address[1]}
tls = "none"
from = "postern@provider.example"
[control_plane.dns]
{servers}
[worker]
name = "story"
[worker.smtp]
listen = ["127.0.0.1:0"]
hostname = "gateway.provider.example"
[worker.http]
listen = "127.0.0.1:0"
[worker.dns]
{servers}
""")
        up, log = place / "up.json", place / "log"
        command: list[Path | str] = [postern, "standalone", "--config", config, "--addresses-file", up]
        with log.open("w") as to:
            # Settings of this machine's own Postern are none of ours.
            process = subprocess.Popen(command, cwd=place, env={}, stdin=subprocess.DEVNULL, stdout=to, stderr=to)

        def addresses() -> dict[str, Any] | None:
            if process.poll() is not None:
                raise SystemExit(f"postern ended with {process.returncode}\n{log.read_text()}")
            return json.loads(up.read_text()) if up.exists() else None

        try:
            yield until("postern to listen", addresses), place / "data" / "tls.crt", password
            process.terminate()
            assert process.wait(PATIENCE_S) == 0, log.read_text()
        except BaseException:
            print(log.read_text(), file=sys.stderr)
            raise
        finally:
            process.kill()
            process.wait()


Mail = tuple[str, list[str], bytes]


def subject_of(mail: Mail) -> str:
    return str(email.message_from_bytes(mail[2], policy=email.policy.default)["subject"])


def join(anonymous: Client, relay: NextHop, address: str, password: str) -> str:
    """Somebody without an account accepts the invitation that was mailed, and signs in: their token."""
    _, recipients, content = relay.messages.get(timeout=PATIENCE_S)
    assert recipients == [address], recipients
    message = email.message_from_bytes(content, policy=email.policy.default)
    found = re.search(r"/account/invitation\?token=(\S+)", message.get_content())
    assert found, message
    token = found[1]
    look = good(preview_invitation.sync_detailed(client=anonymous, body=InvitationToken(token=token)))
    assert (look.email, look.has_account) == (address, False), look
    accept = InvitationAccept(token=token, password=password)
    assert good(accept_invitation.sync_detailed(client=anonymous, body=accept)).email == address
    used = accept_invitation.sync_detailed(client=anonymous, body=accept)
    assert problem(used).code == "link_over", used
    sign_in = SessionCreate(email=address, password=password)
    return good(create_session.sync_detailed(client=anonymous, body=sign_in)).access_token


def send(address: str, subject: str) -> None:
    """As any mail server does it: STARTTLS, without knowing the certificate."""
    host, port = address.rsplit(":", 1)
    text = f"From: <x@sender.example>\r\nTo: <{ANNA}>\r\nSubject: {subject}\r\n\r\nhello\r\n"
    with smtplib.SMTP(host, int(port), local_hostname="mail.sender.example", timeout=PATIENCE_S) as smtp:
        anybody = ssl.create_default_context()
        anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
        smtp.starttls(context=anybody)
        with contextlib.suppress(smtplib.SMTPRecipientsRefused):
            smtp.sendmail("x@sender.example", [f"nobody@{DOMAIN}"], text)
            raise AssertionError("mail for nobody was taken")
        refused = smtp.sendmail("x@sender.example", [ANNA], text)
        assert refused == {}, refused


def good(answer: Response[T | Problem]) -> T:
    """What was asked for; anything else ends the story."""
    assert answer.parsed is not None and not isinstance(answer.parsed, Problem), answer
    return answer.parsed


def problem(answer: Response[Any]) -> Problem:
    assert isinstance(answer.parsed, Problem), answer
    return answer.parsed


def until(what: str, check: Callable[[], T | None]) -> T:
    """Asks again and again until there is something."""
    since = time.monotonic()
    while not (found := check()):
        if time.monotonic() - since > PATIENCE_S:
            raise TimeoutError(f"waited {PATIENCE_S} s for {what}; last: {found!r}")
        time.sleep(0.1)
    return found


def step(what: str) -> None:
    print(f"  {what}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(sys.argv[1])
