"""Contains all the data models used in inputs/outputs"""

from .audit_actor import AuditActor
from .audit_entry import AuditEntry
from .audit_page import AuditPage
from .audited_thing import AuditedThing
from .certificate_create import CertificateCreate
from .certificate_name_view import CertificateNameView
from .certificate_page import CertificatePage
from .certificate_update import CertificateUpdate
from .certificate_view import CertificateView
from .config_version_view import ConfigVersionView
from .configuration_status import ConfigurationStatus
from .domain_create import DomainCreate
from .domain_dns import DomainDns
from .domain_dns_row import DomainDnsRow
from .domain_page import DomainPage
from .domain_update import DomainUpdate
from .domain_verification import DomainVerification
from .domain_view import DomainView
from .effective_bare_newline import EffectiveBareNewline
from .effective_bool import EffectiveBool
from .effective_inbound_tls import EffectiveInboundTls
from .effective_policy import EffectivePolicy
from .effective_tls_version import EffectiveTlsVersion
from .effective_trace_dialogue import EffectiveTraceDialogue
from .effective_u32 import EffectiveU32
from .effective_u64 import EffectiveU64
from .events_status import EventsStatus
from .field_error import FieldError
from .gap_page import GapPage
from .gap_view import GapView
from .hop_at_worker_view import HopAtWorkerView
from .hop_health_view import HopHealthView
from .hop_settings import HopSettings
from .hop_test_view import HopTestView
from .hop_view import HopView
from .import_recipients_mode import ImportRecipientsMode
from .import_recipients_on_error import ImportRecipientsOnError
from .join_token_create import JoinTokenCreate
from .join_token_created import JoinTokenCreated
from .join_token_page import JoinTokenPage
from .join_token_view import JoinTokenView
from .known_alias_domain_hop import KnownAliasDomainHop
from .known_alias_hop import KnownAliasHop
from .known_bare_newline import KnownBareNewline
from .known_certificate_state import KnownCertificateState
from .known_disposition import KnownDisposition
from .known_domain_dns_status import KnownDomainDnsStatus
from .known_hop_state import KnownHopState
from .known_hop_verdict import KnownHopVerdict
from .known_inbound_tls import KnownInboundTls
from .known_list_kind import KnownListKind
from .known_list_scope_name import KnownListScopeName
from .known_overall import KnownOverall
from .known_policy_level_kind import KnownPolicyLevelKind
from .known_reason import KnownReason
from .known_recipient_mode import KnownRecipientMode
from .known_route_kind import KnownRouteKind
from .known_route_verdict import KnownRouteVerdict
from .known_rule import KnownRule
from .known_setting import KnownSetting
from .known_speaker import KnownSpeaker
from .known_status_severity import KnownStatusSeverity
from .known_step import KnownStep
from .known_step_kind import KnownStepKind
from .known_tenant_kind import KnownTenantKind
from .known_tls_level import KnownTlsLevel
from .known_tls_trust import KnownTlsTrust
from .known_tls_version import KnownTlsVersion
from .known_trace_dialogue import KnownTraceDialogue
from .known_unasked import KnownUnasked
from .known_worker_state import KnownWorkerState
from .labels import Labels
from .labels_update import LabelsUpdate
from .line import Line
from .list_domains_state import ListDomainsState
from .list_entry_create import ListEntryCreate
from .list_entry_page import ListEntryPage
from .list_entry_update import ListEntryUpdate
from .list_entry_view import ListEntryView
from .load import Load
from .me import Me
from .message_client import MessageClient
from .message_hop import MessageHop
from .message_page import MessagePage
from .message_recipient import MessageRecipient
from .message_records import MessageRecords
from .message_view import MessageView
from .missing_worker import MissingWorker
from .mx_settings import MxSettings
from .mx_update import MxUpdate
from .mx_view import MxView
from .my_grant import MyGrant
from .next_hops_status import NextHopsStatus
from .part_error import PartError
from .password_update import PasswordUpdate
from .policy_level import PolicyLevel
from .policy_test import PolicyTest
from .policy_test_verdict import PolicyTestVerdict
from .policy_test_view import PolicyTestView
from .policy_update import PolicyUpdate
from .policy_view import PolicyView
from .pool_page import PoolPage
from .pool_view import PoolView
from .problem import Problem
from .recipient_batch import RecipientBatch
from .recipient_batch_item import RecipientBatchItem
from .recipient_batch_result import RecipientBatchResult
from .recipient_create import RecipientCreate
from .recipient_import import RecipientImport
from .recipient_import_error import RecipientImportError
from .recipient_page import RecipientPage
from .recipient_view import RecipientView
from .route_create import RouteCreate
from .route_health_view import RouteHealthView
from .route_page import RoutePage
from .route_test import RouteTest
from .route_test_view import RouteTestView
from .route_update import RouteUpdate
from .route_view import RouteView
from .session_create import SessionCreate
from .session_view import SessionView
from .statistics_counts import StatisticsCounts
from .statistics_step import StatisticsStep
from .statistics_view import StatisticsView
from .status_problem import StatusProblem
from .status_subject import StatusSubject
from .status_view import StatusView
from .step_view import StepView
from .tenant_create import TenantCreate
from .tenant_page import TenantPage
from .tenant_update import TenantUpdate
from .tenant_view import TenantView
from .timings import Timings
from .tls import Tls
from .tls_settings import TlsSettings
from .tls_test_view import TlsTestView
from .totals import Totals
from .version_count import VersionCount
from .worker_page import WorkerPage
from .worker_view import WorkerView
from .workers_status import WorkersStatus

__all__ = (
    "AuditActor",
    "AuditedThing",
    "AuditEntry",
    "AuditPage",
    "CertificateCreate",
    "CertificateNameView",
    "CertificatePage",
    "CertificateUpdate",
    "CertificateView",
    "ConfigurationStatus",
    "ConfigVersionView",
    "DomainCreate",
    "DomainDns",
    "DomainDnsRow",
    "DomainPage",
    "DomainUpdate",
    "DomainVerification",
    "DomainView",
    "EffectiveBareNewline",
    "EffectiveBool",
    "EffectiveInboundTls",
    "EffectivePolicy",
    "EffectiveTlsVersion",
    "EffectiveTraceDialogue",
    "EffectiveU32",
    "EffectiveU64",
    "EventsStatus",
    "FieldError",
    "GapPage",
    "GapView",
    "HopAtWorkerView",
    "HopHealthView",
    "HopSettings",
    "HopTestView",
    "HopView",
    "ImportRecipientsMode",
    "ImportRecipientsOnError",
    "JoinTokenCreate",
    "JoinTokenCreated",
    "JoinTokenPage",
    "JoinTokenView",
    "KnownAliasDomainHop",
    "KnownAliasHop",
    "KnownBareNewline",
    "KnownCertificateState",
    "KnownDisposition",
    "KnownDomainDnsStatus",
    "KnownHopState",
    "KnownHopVerdict",
    "KnownInboundTls",
    "KnownListKind",
    "KnownListScopeName",
    "KnownOverall",
    "KnownPolicyLevelKind",
    "KnownReason",
    "KnownRecipientMode",
    "KnownRouteKind",
    "KnownRouteVerdict",
    "KnownRule",
    "KnownSetting",
    "KnownSpeaker",
    "KnownStatusSeverity",
    "KnownStep",
    "KnownStepKind",
    "KnownTenantKind",
    "KnownTlsLevel",
    "KnownTlsTrust",
    "KnownTlsVersion",
    "KnownTraceDialogue",
    "KnownUnasked",
    "KnownWorkerState",
    "Labels",
    "LabelsUpdate",
    "Line",
    "ListDomainsState",
    "ListEntryCreate",
    "ListEntryPage",
    "ListEntryUpdate",
    "ListEntryView",
    "Load",
    "Me",
    "MessageClient",
    "MessageHop",
    "MessagePage",
    "MessageRecipient",
    "MessageRecords",
    "MessageView",
    "MissingWorker",
    "MxSettings",
    "MxUpdate",
    "MxView",
    "MyGrant",
    "NextHopsStatus",
    "PartError",
    "PasswordUpdate",
    "PolicyLevel",
    "PolicyTest",
    "PolicyTestVerdict",
    "PolicyTestView",
    "PolicyUpdate",
    "PolicyView",
    "PoolPage",
    "PoolView",
    "Problem",
    "RecipientBatch",
    "RecipientBatchItem",
    "RecipientBatchResult",
    "RecipientCreate",
    "RecipientImport",
    "RecipientImportError",
    "RecipientPage",
    "RecipientView",
    "RouteCreate",
    "RouteHealthView",
    "RoutePage",
    "RouteTest",
    "RouteTestView",
    "RouteUpdate",
    "RouteView",
    "SessionCreate",
    "SessionView",
    "StatisticsCounts",
    "StatisticsStep",
    "StatisticsView",
    "StatusProblem",
    "StatusSubject",
    "StatusView",
    "StepView",
    "TenantCreate",
    "TenantPage",
    "TenantUpdate",
    "TenantView",
    "Timings",
    "Tls",
    "TlsSettings",
    "TlsTestView",
    "Totals",
    "VersionCount",
    "WorkerPage",
    "WorkersStatus",
    "WorkerView",
)
