//! The closed list of problem codes. A code never changes its meaning; clients match on it.

use axum::http::StatusCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $status:ident $text:literal $title:literal;)*) => {
        /// What went wrong, for programs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The `code` member of a problem.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }
        }
    };
}

codes! {
    // The request itself.
    MalformedBody = BAD_REQUEST "malformed_body" "The body is not JSON";
    /// `errors` names each field.
    InvalidBody = UNPROCESSABLE_ENTITY "invalid_body" "The body has fields that cannot be taken";
    PasswordCompromised = UNPROCESSABLE_ENTITY "password_compromised" "The password is known to have been exposed";
    InvalidQuery = BAD_REQUEST "invalid_query" "The query has parameters that cannot be taken";
    InvalidCursor = BAD_REQUEST "invalid_cursor" "The cursor is not one of ours, or belongs to another list";
    InvalidHeader = BAD_REQUEST "invalid_header" "A header cannot be taken";
    BodyTooLarge = PAYLOAD_TOO_LARGE "body_too_large" "The body is larger than accepted here";
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "The body must be of another media type";
    NotFound = NOT_FOUND "not_found" "There is no such thing here";
    MethodNotAllowed = METHOD_NOT_ALLOWED "method_not_allowed" "The resource does not have this method";
    RequestTimeout = REQUEST_TIMEOUT "request_timeout" "The request took too long to arrive";
    // Who is asking.
    Unauthenticated = UNAUTHORIZED "unauthenticated" "Credentials are missing or no longer good";
    InvalidCredentials = UNAUTHORIZED "invalid_credentials" "E-mail or password is wrong";
    /// The password was right; `challenge` has a ticket and what can be shown at `POST /v1/sessions/second-factor`.
    SecondFactorRequired = UNAUTHORIZED "second_factor_required" "A second factor is needed";
    /// Over, tried too often, or used: begin to sign in anew.
    InvalidTicket = UNAUTHORIZED "invalid_ticket" "The ticket is not good any more; sign in anew";
    InvalidFactor = FORBIDDEN "invalid_factor" "The code or key is not right";
    /// The password was right; all second factors of the account are passkeys of another `public_url`, and no recovery code is left.
    FactorUnusable = FORBIDDEN "factor_unusable" "The account's second factors cannot be used at this address";
    /// The person must have a second factor and has none: `POST /v1/me/totp` or `POST /v1/me/passkey-options`.
    EnrolmentRequired = FORBIDDEN "enrolment_required" "A second factor must be set up first";
    /// It was shown too long ago who asks: `POST /v1/sessions/current/step-up`, with any of `challenge.methods`.
    StepUpRequired = FORBIDDEN "step_up_required" "Show again who you are first";
    /// Unknown, over, or spent before: which of them is not said. Sign in anew.
    InvalidRefreshToken = UNAUTHORIZED "invalid_refresh_token" "The session cannot be carried on; sign in anew";
    InvitationForAnother = FORBIDDEN "invitation_for_another" "The invitation is for another address";
    /// A request that changes something came with cookies and from another site's page, or from none.
    CrossSiteRequest = FORBIDDEN "cross_site_request" "With cookies, only pages of this installation may change things";
    Forbidden = FORBIDDEN "forbidden" "Not permitted";
    PasswordChangeRequired = FORBIDDEN "password_change_required" "The password must be changed first";
    /// Of a password or a code: `Retry-After` says when the next is looked at.
    TooManyAttempts = TOO_MANY_REQUESTS "too_many_attempts" "Too many attempts";
    /// `Retry-After` says when there is room for the next.
    RateLimited = TOO_MANY_REQUESTS "rate_limited" "Too many requests in a short time";
    Overloaded = TOO_MANY_REQUESTS "overloaded" "Too much to do at once";
    // Conditions and repeats.
    PreconditionRequired = PRECONDITION_REQUIRED "precondition_required" "If-Match is required";
    PreconditionFailed = PRECONDITION_FAILED "precondition_failed" "The resource changed meanwhile";
    IdempotencyKeyReused = UNPROCESSABLE_ENTITY "idempotency_key_reused" "The Idempotency-Key was used for another body";
    IdempotencyInProgress = CONFLICT "idempotency_in_progress" "A request with this Idempotency-Key is being worked on";
    // Resources.
    ExternalRefTaken = CONFLICT "external_ref_taken" "Another one has this external_ref";
    NameTaken = CONFLICT "name_taken" "Another one has this name";
    CertificateRegistered = CONFLICT "certificate_registered" "The certificate is there already";
    InUse = CONFLICT "in_use" "It is in use";
    TooMany = CONFLICT "too_many" "There are as many as may be";
    TenantHasChildren = CONFLICT "tenant_has_children" "The tenant has tenants below it";
    TenantClosing = CONFLICT "tenant_closing" "The tenant is closing";
    /// Or a tenant above it is. Whoever administers the tenants above can change what is here.
    TenantSuspended = CONFLICT "tenant_suspended" "The tenant is suspended: its people can only read";
    NotSuspended = CONFLICT "not_suspended" "It is not suspended";
    NotClosing = CONFLICT "not_closing" "It is not closing";
    DomainRegistered = CONFLICT "domain_registered" "The tenant has this domain already";
    DomainHeldElsewhere = CONFLICT "domain_held_elsewhere" "The domain, or one above it, is active for another tenant";
    TooManyRemoved = CONFLICT "too_many_removed" "It would take away more than is taken away without being asked twice";
    HasAliases = CONFLICT "has_aliases" "Other recipients are aliases of it";
    HasAliasDomains = CONFLICT "has_alias_domains" "Other domains are aliases of it";
    AliasDomain = CONFLICT "alias_domain" "The domain is an alias: what it shares belongs to another one";
    PolicyLocked = CONFLICT "policy_locked" "A level above has locked the setting";
    DomainClosing = CONFLICT "domain_closing" "The domain is closing";
    CeremonyOver = CONFLICT "ceremony_over" "The ceremony is over or was never begun; begin it anew";
    PasskeysUnavailable = CONFLICT "passkeys_unavailable" "Passkeys need a public_url with a host name";
    NoFactor = CONFLICT "no_factor" "There is no such second factor";
    FactorRequired = CONFLICT "factor_required" "A second factor is required: the last one stays";
    SecondFactorOff = CONFLICT "second_factor_off" "Second factors are off here";
    LimitReached = CONFLICT "limit_reached" "There are as many as a limit allows";
    // People.
    EmailTaken = CONFLICT "email_taken" "There is an account with this address";
    GrantTooWide = FORBIDDEN "grant_too_wide" "Nobody grants more than they hold";
    GrantExists = CONFLICT "grant_exists" "The person has this grant already";
    LastOwner = CONFLICT "last_owner" "There must be an owner who can sign in, for good";
    InvitationOver = CONFLICT "invitation_over" "The invitation was accepted or revoked";
    PoolsMustOverlap = CONFLICT "pools_must_overlap" "One of the pools that serve the tenant now must be among the new ones";
    /// Which of them is not said.
    LinkOver = GONE "link_over" "This link was used, has ended or never was";
    MailNotSetUp = CONFLICT "mail_not_set_up" "No mail can be sent there";
    // The house.
    Conflict = CONFLICT "conflict" "It changed meanwhile; try again";
    Busy = SERVICE_UNAVAILABLE "busy" "Busy; try again in a moment";
    NoWorker = SERVICE_UNAVAILABLE "no_worker" "No worker could do it";
    Unavailable = SERVICE_UNAVAILABLE "unavailable" "Something needed for this is away";
    Internal = INTERNAL_SERVER_ERROR "internal" "Something went wrong here";
}

/// Status, code and title of every problem, for the documents.
pub fn problem_codes() -> Vec<(u16, &'static str, &'static str)> {
    Code::ALL.iter().map(|code| (code.status().as_u16(), code.name(), code.title())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_name_of_its_own() {
        let names: std::collections::HashSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
