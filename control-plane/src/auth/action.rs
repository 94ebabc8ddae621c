//! Everything that can be done, and which role may do it. The matrix is data; a golden file watches it.

/// Who holds what. The first six are granted; the others follow from something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything in the installation.
    Owner,
    /// Everything of a tenant and of all below it.
    TenantAdmin,
    /// A domain: its recipients, lists and policy.
    DomainAdmin,
    /// What was held back, and why.
    QuarantineManager,
    /// Reads everything, changes nothing.
    Auditor,
    /// Their own account and nothing else, for now.
    MailboxUser,
    /// What `domain_admin` over a tenant comes to: domains may be created there, and nothing of it is seen.
    DomainCreator,
    /// A grant that may be handed on.
    Delegate,
    /// Any person that is signed in, for their own account.
    Person,
    /// A worker of a pool.
    Worker,
}

impl Role {
    pub const ALL: [Self; 10] = [
        Self::Owner,
        Self::TenantAdmin,
        Self::DomainAdmin,
        Self::QuarantineManager,
        Self::Auditor,
        Self::MailboxUser,
        Self::DomainCreator,
        Self::Delegate,
        Self::Person,
        Self::Worker,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::TenantAdmin => "tenant_admin",
            Self::DomainAdmin => "domain_admin",
            Self::QuarantineManager => "quarantine_manager",
            Self::Auditor => "auditor",
            Self::MailboxUser => "mailbox_user",
            Self::DomainCreator => "domain_creator",
            Self::Delegate => "delegate",
            Self::Person => "person",
            Self::Worker => "worker",
        }
    }

    /// The role as the table `grants` writes it; only roles that can be granted.
    pub fn granted(name: &str) -> Option<Self> {
        let grantable = Self::ALL.into_iter().take(6);
        grantable.into_iter().find(|role| role.name() == name)
    }

    /// What this role may, over the whole installation or over a part of it.
    pub fn actions(self, everywhere: bool) -> impl Iterator<Item = &'static MatrixRow> {
        MATRIX.iter().filter(move |row| row.roles.contains(&self) && (everywhere || !row.of_installation))
    }

    /// May this role do all that `other` may?
    pub fn includes(self, other: Self, everywhere: bool) -> bool {
        other.actions(everywhere).all(|row| row.roles.contains(&self))
    }
}

/// Whose an action is. Each says it, so that whether a key may ever be given it is decided where it is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callers {
    /// People themselves and never a key: their own account, and what would let a program come to more than it was given.
    People,
    /// People, and programs whose key names it.
    Programs,
    Workers,
}

/// One thing that can be done. A handler's signature names it: `Grant<CreateDomain>`.
pub trait Action: Send + Sync + 'static {
    const NAME: &'static str;
    const CALLERS: Callers;
    /// Roles that may. Nobody else.
    const ROLES: &'static [Role];
    /// Who sees what it is done to: they hear 403 where others hear 404.
    const SEEN_BY: &'static [Role] = Self::ROLES;
    /// Of the installation as a whole: a role over a part of it does not do.
    const OF_INSTALLATION: bool = false;
    /// Still open to somebody who must change their password first.
    const BEFORE_PASSWORD_CHANGE: bool = false;
    /// Still open to somebody who must set up a second factor first.
    const BEFORE_ENROLMENT: bool = false;
    /// Only for who has shown within the last minutes who they are.
    const STEP_UP: bool = false;
}

/// A row of the matrix.
#[derive(Debug, Clone, Copy)]
pub struct MatrixRow {
    pub action: &'static str,
    pub callers: Callers,
    pub roles: &'static [Role],
    pub of_installation: bool,
    pub before_password_change: bool,
    pub before_enrolment: bool,
    pub step_up: bool,
}

impl MatrixRow {
    /// Nothing is changed by it.
    pub fn reads(&self) -> bool {
        reads(self.action)
    }
}

/// Is it an action that changes nothing?
pub(crate) fn reads(action: &str) -> bool {
    action.rsplit('.').next() == Some("read")
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal for $callers:ident: [$($role:ident),* $(,)?] $(, seen_by $seen:ident)?
        $(, of_installation = $installation:literal)? $(, before_password_change = $before:literal)?
        $(, before_enrolment = $enrolment:literal)? $(, step_up = $step_up:literal)?;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub enum $name {}
            impl Action for $name {
                const NAME: &'static str = $text;
                const CALLERS: Callers = Callers::$callers;
                const ROLES: &'static [Role] = &[$(Role::$role),*];
                $(const SEEN_BY: &'static [Role] = <$seen as Action>::ROLES;)?
                $(const OF_INSTALLATION: bool = $installation;)?
                $(const BEFORE_PASSWORD_CHANGE: bool = $before;)?
                $(const BEFORE_ENROLMENT: bool = $enrolment;)?
                $(const STEP_UP: bool = $step_up;)?
            }
        )*
        /// The whole matrix, in the order it is written.
        pub const MATRIX: &[MatrixRow] = &[$(MatrixRow {
            action: <$name as Action>::NAME,
            callers: <$name as Action>::CALLERS,
            roles: <$name as Action>::ROLES,
            of_installation: <$name as Action>::OF_INSTALLATION,
            before_password_change: <$name as Action>::BEFORE_PASSWORD_CHANGE,
            before_enrolment: <$name as Action>::BEFORE_ENROLMENT,
            step_up: <$name as Action>::STEP_UP,
        }),*];
    };
}

actions! {
    ReadOwnAccount = "own_account.read" for People: [Person], before_password_change = true;
    ChangeOwnPassword = "own_account.change_password" for People: [Person], before_password_change = true;
    ReadOwnSessions = "own_account.read_sessions" for People: [Person], before_password_change = true;
    /// Any of one's own, not only the one that asks.
    EndOwnSessions = "own_account.end_sessions" for People: [Person], before_password_change = true;
    EndOwnSession = "own_account.end_session" for People: [Person], before_password_change = true,
        before_enrolment = true;
    ReadOwnFactors = "own_factors.read" for People: [Person], before_password_change = true, before_enrolment = true;
    /// Set up a factor that is not there yet.
    EnrolOwnFactor = "own_factors.enrol" for People: [Person], before_password_change = true, before_enrolment = true,
        step_up = true;
    /// Rename and give up factors; make new recovery codes.
    ChangeOwnFactors = "own_factors.change" for People: [Person], step_up = true;
    /// Show again who one is.
    StepUp = "own_account.step_up" for People: [Person], before_password_change = true;
    /// Clear the factors of somebody who has lost them.
    ResetFactors = "factors.reset" for People: [Owner, TenantAdmin], seen_by ReadPersons, step_up = true;
    /// Mail somebody a link; confirm a new password that waits.
    ResetPasswords = "passwords.reset" for People: [Owner, TenantAdmin], seen_by ReadPersons, step_up = true;
    /// What is asked of people who sign in.
    ReadSignInPolicy = "sign_in_policy.read" for Programs: [Owner], of_installation = true;
    WriteSignInPolicy = "sign_in_policy.write" for People: [Owner], of_installation = true, step_up = true;
    /// One's own keys, and those over what one administers.
    ManageApiKeys = "own_account.api_keys" for People: [Person];
    /// Make a key, or another in its place.
    MakeApiKeys = "own_account.make_api_keys" for People: [Person], step_up = true;
    ReadTenants = "tenants.read" for Programs: [Owner, TenantAdmin, Auditor];
    WriteTenants = "tenants.write" for Programs: [Owner, TenantAdmin], seen_by ReadTenants;
    /// Stop the mail of a tenant below, and let its people only read; take that back.
    SuspendTenants = "tenants.suspend" for Programs: [Owner, TenantAdmin], seen_by ReadTenants, step_up = true;
    /// How much a tenant below may have.
    WriteLimits = "limits.write" for Programs: [Owner, TenantAdmin], seen_by ReadTenants, step_up = true;
    ReadDomains = "domains.read" for Programs: [Owner, TenantAdmin, DomainAdmin, QuarantineManager, Auditor];
    CreateDomain = "domains.create" for Programs: [Owner, TenantAdmin, DomainCreator];
    WriteDomains = "domains.write" for Programs: [Owner, TenantAdmin, DomainAdmin], seen_by ReadDomains;
    /// Give a domain to another tenant.
    MoveDomain = "domains.move" for Programs: [Owner, TenantAdmin], seen_by ReadDomains, step_up = true;
    ReadRecipients = "recipients.read" for Programs: [Owner, TenantAdmin, DomainAdmin, Auditor], seen_by ReadDomains;
    WriteRecipients = "recipients.write" for Programs: [Owner, TenantAdmin, DomainAdmin], seen_by ReadDomains;
    ReadRoutes = "routes.read" for Programs: [Owner, TenantAdmin, Auditor];
    WriteRoutes = "routes.write" for Programs: [Owner, TenantAdmin], seen_by ReadRoutes, step_up = true;
    ReadCertificates = "certificates.read" for Programs: [Owner, TenantAdmin, Auditor];
    WriteCertificates = "certificates.write" for Programs: [Owner, TenantAdmin], seen_by ReadCertificates, step_up = true;
    ReadLists = "lists.read" for Programs: [Owner, TenantAdmin, DomainAdmin, QuarantineManager, Auditor];
    WriteLists = "lists.write" for Programs: [Owner, TenantAdmin, DomainAdmin], seen_by ReadLists;
    ReadPolicy = "policy.read" for Programs: [Owner, TenantAdmin, DomainAdmin, Auditor];
    WritePolicy = "policy.write" for Programs: [Owner, TenantAdmin, DomainAdmin], seen_by ReadPolicy;
    ReadPersons = "persons.read" for Programs: [Owner, TenantAdmin, Auditor];
    /// Says whether an address has an account already: whoever administers a tenant invites.
    CreatePerson = "persons.create" for People: [Owner], of_installation = true, step_up = true;
    WritePersons = "persons.write" for People: [Owner, TenantAdmin], seen_by ReadPersons, step_up = true;
    ReadGrants = "grants.read" for Programs: [Owner, TenantAdmin, Auditor, Delegate];
    WriteGrants = "grants.write" for Programs: [Owner, TenantAdmin, Delegate], seen_by ReadGrants, step_up = true;
    ReadInvitations = "invitations.read" for Programs: [Owner, TenantAdmin, Auditor, Delegate];
    /// A grant to whoever has an address, with or without an account: whether there is one is not said.
    InvitePersons = "invitations.write" for Programs: [Owner, TenantAdmin, Delegate], seen_by ReadInvitations, step_up = true;
    /// One that was sent to one's own address.
    AcceptInvitation = "own_account.accept_invitation" for People: [Person];
    /// Who may do what to a domain.
    ReadAccess = "access.read" for Programs: [Owner, TenantAdmin, DomainAdmin, Auditor];
    ReadAudit = "audit.read" for Programs: [Owner, TenantAdmin, Auditor];
    /// The log as a whole, with its chains and what is signed of them.
    ExportAudit = "audit.export" for Programs: [Owner, Auditor], of_installation = true;
    ReadWorkers = "workers.read" for Programs: [Owner, Auditor], of_installation = true;
    /// Delete, drain and resume a worker.
    WriteWorkers = "workers.write" for Programs: [Owner], of_installation = true, step_up = true;
    ReadPools = "pools.read" for Programs: [Owner, Auditor], of_installation = true;
    /// Make, change and delete pools; say which of them serve a tenant.
    WritePools = "pools.write" for Programs: [Owner], of_installation = true, step_up = true;
    /// Make and revoke join tokens.
    WriteJoinTokens = "join_tokens.write" for Programs: [Owner], of_installation = true, step_up = true;
    /// How the whole installation fares.
    ReadStatus = "status.read" for Programs: [Owner, Auditor], of_installation = true;
    /// How far a change has come. Which workers it waits for is shown to those who may read workers.
    ReadConfigVersions = "config_versions.read" for Programs: [Owner, TenantAdmin, DomainAdmin, DomainCreator, Auditor];
    /// The trace: who sent what to whom, and what became of it.
    ReadMessages = "messages.read" for Programs: [Owner, TenantAdmin, QuarantineManager, Auditor];
    /// What is missing from the trace, whosever it was.
    ReadGaps = "gaps.read" for Programs: [Owner, Auditor], of_installation = true;
    /// What was counted, by domain and hour.
    ReadStatistics = "statistics.read" for Programs: [Owner, TenantAdmin, DomainAdmin, QuarantineManager, Auditor];
    /// Heads, nodes and objects of the worker's own pool.
    PullConfiguration = "configuration.pull" for Workers: [Worker];
    PushEvents = "events.push" for Workers: [Worker];
    ReportStatus = "worker_status.report" for Workers: [Worker];
    /// Fetch errands of the worker's own pool and answer them.
    RunErrands = "errands.run" for Workers: [Worker];
}
