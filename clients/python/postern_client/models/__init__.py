"""Contains all the data models used in inputs/outputs"""

from .affected_page import AffectedPage
from .affected_person import AffectedPerson
from .api_key_create import ApiKeyCreate
from .api_key_page import ApiKeyPage
from .api_key_rotate import ApiKeyRotate
from .api_key_secret import ApiKeySecret
from .api_key_view import ApiKeyView
from .audit_actor import AuditActor
from .audit_entry import AuditEntry
from .audit_page import AuditPage
from .audit_root_view import AuditRootView
from .audited_thing import AuditedThing
from .certificate_create import CertificateCreate
from .certificate_name_view import CertificateNameView
from .certificate_page import CertificatePage
from .certificate_update import CertificateUpdate
from .certificate_view import CertificateView
from .challenge import Challenge
from .config_version_view import ConfigVersionView
from .configuration_status import ConfigurationStatus
from .domain_access import DomainAccess
from .domain_access_entry import DomainAccessEntry
from .domain_create import DomainCreate
from .domain_dns import DomainDns
from .domain_dns_row import DomainDnsRow
from .domain_move import DomainMove
from .domain_moved import DomainMoved
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
from .factor_enrolled import FactorEnrolled
from .field_error import FieldError
from .gap_page import GapPage
from .gap_view import GapView
from .grant_create import GrantCreate
from .grant_page import GrantPage
from .grant_role import GrantRole
from .grant_view import GrantView
from .held_grant import HeldGrant
from .hop_at_worker_view import HopAtWorkerView
from .hop_health_view import HopHealthView
from .hop_settings import HopSettings
from .hop_test_view import HopTestView
from .hop_view import HopView
from .import_recipients_mode import ImportRecipientsMode
from .import_recipients_on_error import ImportRecipientsOnError
from .invitation_accept import InvitationAccept
from .invitation_accepted import InvitationAccepted
from .invitation_create import InvitationCreate
from .invitation_grant import InvitationGrant
from .invitation_grant_create import InvitationGrantCreate
from .invitation_look import InvitationLook
from .invitation_page import InvitationPage
from .invitation_token import InvitationToken
from .invitation_view import InvitationView
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
from .known_grant_scope_name import KnownGrantScopeName
from .known_hop_state import KnownHopState
from .known_hop_verdict import KnownHopVerdict
from .known_inbound_tls import KnownInboundTls
from .known_list_kind import KnownListKind
from .known_list_scope_name import KnownListScopeName
from .known_mail_language import KnownMailLanguage
from .known_overall import KnownOverall
from .known_policy_level_kind import KnownPolicyLevelKind
from .known_reason import KnownReason
from .known_recipient_mode import KnownRecipientMode
from .known_route_kind import KnownRouteKind
from .known_route_verdict import KnownRouteVerdict
from .known_rule import KnownRule
from .known_second_factor_rule import KnownSecondFactorRule
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
from .list_invitations_state import ListInvitationsState
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
from .my_factors import MyFactors
from .my_grant import MyGrant
from .my_permissions import MyPermissions
from .my_session import MySession
from .my_session_page import MySessionPage
from .new_recovery_codes import NewRecoveryCodes
from .next_hops_status import NextHopsStatus
from .part_error import PartError
from .passkey_answer import PasskeyAnswer
from .passkey_answer_credential import PasskeyAnswerCredential
from .passkey_challenge import PasskeyChallenge
from .passkey_challenge_options import PasskeyChallengeOptions
from .passkey_create import PasskeyCreate
from .passkey_create_credential import PasskeyCreateCredential
from .passkey_sign_in import PasskeySignIn
from .passkey_sign_in_credential import PasskeySignInCredential
from .passkey_update import PasskeyUpdate
from .passkey_view import PasskeyView
from .password_reset_asked import PasswordResetAsked
from .password_reset_complete import PasswordResetComplete
from .password_reset_create import PasswordResetCreate
from .password_reset_outcome import PasswordResetOutcome
from .password_reset_page import PasswordResetPage
from .password_reset_view import PasswordResetView
from .password_update import PasswordUpdate
from .permission import Permission
from .person_create import PersonCreate
from .person_created import PersonCreated
from .person_page import PersonPage
from .person_view import PersonView
from .policy_level import PolicyLevel
from .policy_test import PolicyTest
from .policy_test_verdict import PolicyTestVerdict
from .policy_test_view import PolicyTestView
from .policy_update import PolicyUpdate
from .policy_view import PolicyView
from .pool_create import PoolCreate
from .pool_page import PoolPage
from .pool_status import PoolStatus
from .pool_update import PoolUpdate
from .pool_version import PoolVersion
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
from .second_factor import SecondFactor
from .session_create import SessionCreate
from .session_refresh import SessionRefresh
from .session_view import SessionView
from .sign_in_challenge_create import SignInChallengeCreate
from .sign_in_policy_update import SignInPolicyUpdate
from .sign_in_policy_view import SignInPolicyView
from .statistics_counts import StatisticsCounts
from .statistics_step import StatisticsStep
from .statistics_view import StatisticsView
from .status_problem import StatusProblem
from .status_subject import StatusSubject
from .status_view import StatusView
from .step_up_shown import StepUpShown
from .step_view import StepView
from .stepped_up import SteppedUp
from .tenant_administrator import TenantAdministrator
from .tenant_create import TenantCreate
from .tenant_domain import TenantDomain
from .tenant_limits import TenantLimits
from .tenant_limits_update import TenantLimitsUpdate
from .tenant_onboard import TenantOnboard
from .tenant_onboarded import TenantOnboarded
from .tenant_page import TenantPage
from .tenant_pools import TenantPools
from .tenant_pools_update import TenantPoolsUpdate
from .tenant_suspend import TenantSuspend
from .tenant_update import TenantUpdate
from .tenant_view import TenantView
from .timings import Timings
from .tls import Tls
from .tls_settings import TlsSettings
from .tls_test_view import TlsTestView
from .totals import Totals
from .totp_code import TotpCode
from .totp_setup import TotpSetup
from .totp_view import TotpView
from .version_count import VersionCount
from .worker_page import WorkerPage
from .worker_view import WorkerView
from .workers_status import WorkersStatus

__all__ = (
    "AffectedPage",
    "AffectedPerson",
    "ApiKeyCreate",
    "ApiKeyPage",
    "ApiKeyRotate",
    "ApiKeySecret",
    "ApiKeyView",
    "AuditActor",
    "AuditedThing",
    "AuditEntry",
    "AuditPage",
    "AuditRootView",
    "CertificateCreate",
    "CertificateNameView",
    "CertificatePage",
    "CertificateUpdate",
    "CertificateView",
    "Challenge",
    "ConfigurationStatus",
    "ConfigVersionView",
    "DomainAccess",
    "DomainAccessEntry",
    "DomainCreate",
    "DomainDns",
    "DomainDnsRow",
    "DomainMove",
    "DomainMoved",
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
    "FactorEnrolled",
    "FieldError",
    "GapPage",
    "GapView",
    "GrantCreate",
    "GrantPage",
    "GrantRole",
    "GrantView",
    "HeldGrant",
    "HopAtWorkerView",
    "HopHealthView",
    "HopSettings",
    "HopTestView",
    "HopView",
    "ImportRecipientsMode",
    "ImportRecipientsOnError",
    "InvitationAccept",
    "InvitationAccepted",
    "InvitationCreate",
    "InvitationGrant",
    "InvitationGrantCreate",
    "InvitationLook",
    "InvitationPage",
    "InvitationToken",
    "InvitationView",
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
    "KnownGrantScopeName",
    "KnownHopState",
    "KnownHopVerdict",
    "KnownInboundTls",
    "KnownListKind",
    "KnownListScopeName",
    "KnownMailLanguage",
    "KnownOverall",
    "KnownPolicyLevelKind",
    "KnownReason",
    "KnownRecipientMode",
    "KnownRouteKind",
    "KnownRouteVerdict",
    "KnownRule",
    "KnownSecondFactorRule",
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
    "ListInvitationsState",
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
    "MyFactors",
    "MyGrant",
    "MyPermissions",
    "MySession",
    "MySessionPage",
    "NewRecoveryCodes",
    "NextHopsStatus",
    "PartError",
    "PasskeyAnswer",
    "PasskeyAnswerCredential",
    "PasskeyChallenge",
    "PasskeyChallengeOptions",
    "PasskeyCreate",
    "PasskeyCreateCredential",
    "PasskeySignIn",
    "PasskeySignInCredential",
    "PasskeyUpdate",
    "PasskeyView",
    "PasswordResetAsked",
    "PasswordResetComplete",
    "PasswordResetCreate",
    "PasswordResetOutcome",
    "PasswordResetPage",
    "PasswordResetView",
    "PasswordUpdate",
    "Permission",
    "PersonCreate",
    "PersonCreated",
    "PersonPage",
    "PersonView",
    "PolicyLevel",
    "PolicyTest",
    "PolicyTestVerdict",
    "PolicyTestView",
    "PolicyUpdate",
    "PolicyView",
    "PoolCreate",
    "PoolPage",
    "PoolStatus",
    "PoolUpdate",
    "PoolVersion",
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
    "SecondFactor",
    "SessionCreate",
    "SessionRefresh",
    "SessionView",
    "SignInChallengeCreate",
    "SignInPolicyUpdate",
    "SignInPolicyView",
    "StatisticsCounts",
    "StatisticsStep",
    "StatisticsView",
    "StatusProblem",
    "StatusSubject",
    "StatusView",
    "SteppedUp",
    "StepUpShown",
    "StepView",
    "TenantAdministrator",
    "TenantCreate",
    "TenantDomain",
    "TenantLimits",
    "TenantLimitsUpdate",
    "TenantOnboard",
    "TenantOnboarded",
    "TenantPage",
    "TenantPools",
    "TenantPoolsUpdate",
    "TenantSuspend",
    "TenantUpdate",
    "TenantView",
    "Timings",
    "Tls",
    "TlsSettings",
    "TlsTestView",
    "Totals",
    "TotpCode",
    "TotpSetup",
    "TotpView",
    "VersionCount",
    "WorkerPage",
    "WorkersStatus",
    "WorkerView",
)
