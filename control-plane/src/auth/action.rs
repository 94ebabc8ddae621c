//! Everything that can be done, and which role may do it. The matrix is data; a golden file watches it.

/// Who holds what. From issue 3 on there are more of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything in the installation.
    Owner,
    /// Any person that is signed in, for their own account.
    Person,
    /// A worker of a pool.
    Worker,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Owner, Self::Person, Self::Worker];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Person => "person",
            Self::Worker => "worker",
        }
    }

    /// The role as the table `grants` writes it; only roles that can be granted.
    pub fn granted(name: &str) -> Option<Self> {
        match name {
            "owner" => Some(Self::Owner),
            _ => None,
        }
    }
}

/// One thing that can be done. A handler's signature names it: `Grant<CreateDomain>`.
pub trait Action: Send + Sync + 'static {
    const NAME: &'static str;
    /// Roles that may. Nobody else.
    const ROLES: &'static [Role];
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
    pub roles: &'static [Role],
    pub before_password_change: bool,
    pub before_enrolment: bool,
    pub step_up: bool,
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal: [$($role:ident),* $(,)?]
        $(, before_password_change = $before:literal)? $(, before_enrolment = $enrolment:literal)?
        $(, step_up = $step_up:literal)?;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub enum $name {}
            impl Action for $name {
                const NAME: &'static str = $text;
                const ROLES: &'static [Role] = &[$(Role::$role),*];
                $(const BEFORE_PASSWORD_CHANGE: bool = $before;)?
                $(const BEFORE_ENROLMENT: bool = $enrolment;)?
                $(const STEP_UP: bool = $step_up;)?
            }
        )*
        /// The whole matrix, in the order it is written.
        pub const MATRIX: &[MatrixRow] = &[$(MatrixRow {
            action: <$name as Action>::NAME,
            roles: <$name as Action>::ROLES,
            before_password_change: <$name as Action>::BEFORE_PASSWORD_CHANGE,
            before_enrolment: <$name as Action>::BEFORE_ENROLMENT,
            step_up: <$name as Action>::STEP_UP,
        }),*];
    };
}

actions! {
    ReadOwnAccount = "own_account.read": [Person], before_password_change = true;
    ChangeOwnPassword = "own_account.change_password": [Person], before_password_change = true;
    ReadOwnSessions = "own_account.read_sessions": [Person], before_password_change = true;
    /// Any of one's own, not only the one that asks.
    EndOwnSessions = "own_account.end_sessions": [Person], before_password_change = true;
    EndOwnSession = "own_account.end_session": [Person], before_password_change = true, before_enrolment = true;
    ReadOwnFactors = "own_factors.read": [Person], before_password_change = true, before_enrolment = true;
    /// Set up a factor that is not there yet.
    EnrolOwnFactor = "own_factors.enrol": [Person], before_password_change = true, before_enrolment = true,
        step_up = true;
    /// Rename and give up factors; make new recovery codes.
    ChangeOwnFactors = "own_factors.change": [Person], step_up = true;
    /// Show again who one is.
    StepUp = "own_account.step_up": [Person], before_password_change = true;
    /// Clear the factors of somebody who has lost them.
    ResetFactors = "factors.reset": [Owner], step_up = true;
    /// What is asked of people who sign in.
    ReadSignInPolicy = "sign_in_policy.read": [Owner];
    WriteSignInPolicy = "sign_in_policy.write": [Owner], step_up = true;
    ReadTenants = "tenants.read": [Owner];
    WriteTenants = "tenants.write": [Owner];
    ReadDomains = "domains.read": [Owner];
    CreateDomain = "domains.create": [Owner];
    WriteDomains = "domains.write": [Owner];
    ReadRecipients = "recipients.read": [Owner];
    WriteRecipients = "recipients.write": [Owner];
    ReadRoutes = "routes.read": [Owner];
    WriteRoutes = "routes.write": [Owner], step_up = true;
    ReadCertificates = "certificates.read": [Owner];
    WriteCertificates = "certificates.write": [Owner], step_up = true;
    ReadLists = "lists.read": [Owner];
    WriteLists = "lists.write": [Owner];
    ReadPolicy = "policy.read": [Owner];
    WritePolicy = "policy.write": [Owner];
    ReadAudit = "audit.read": [Owner];
    ReadWorkers = "workers.read": [Owner];
    /// Delete, drain and resume a worker.
    WriteWorkers = "workers.write": [Owner];
    /// Make and revoke join tokens.
    WriteJoinTokens = "join_tokens.write": [Owner], step_up = true;
    /// How the whole installation fares.
    ReadStatus = "status.read": [Owner];
    ReadConfigVersions = "config_versions.read": [Owner];
    /// The trace: who sent what to whom, and what became of it.
    ReadMessages = "messages.read": [Owner];
    /// What was counted, by domain and hour.
    ReadStatistics = "statistics.read": [Owner];
    /// Heads, nodes and objects of the worker's own pool.
    PullConfiguration = "configuration.pull": [Worker];
    PushEvents = "events.push": [Worker];
    ReportStatus = "worker_status.report": [Worker];
    /// Fetch errands of the worker's own pool and answer them.
    RunErrands = "errands.run": [Worker];
}
