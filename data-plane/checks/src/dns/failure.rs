//! Why nothing could be found out. None of these says anything about what was asked for.

use hickory_resolver::{
    net::{DnsError, NetError},
    proto::op::ResponseCode,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Failure {
    #[error("no name server answered in time")]
    Timeout,
    #[error("no name server could be reached")]
    Unreachable,
    /// By its code of RFC 1035 §4.1.1: 2 is SERVFAIL, 5 is REFUSED.
    #[error("the name server answered with error {0}")]
    ServerError(u16),
    #[error("the answer made no sense")]
    Malformed,
    #[error("the answer is a chain of aliases without an end")]
    AliasChain,
    #[error("the name cannot be asked for")]
    Name,
}

impl Failure {
    /// For events and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::ServerError(2) => "servfail",
            Self::ServerError(5) => "refused",
            Self::ServerError(_) => "server_error",
            Self::Malformed => "malformed",
            Self::AliasChain => "alias_chain",
            Self::Name => "name",
        }
    }

    /// For errors that are not "no such record"; those are answers.
    pub(super) fn of(error: &NetError) -> Self {
        match error {
            NetError::Timeout => Self::Timeout,
            NetError::Busy | NetError::NoConnections | NetError::Io(_) => Self::Unreachable,
            NetError::Dns(DnsError::ResponseCode(code)) => Self::ServerError(u16::from(*code)),
            // Everything below is an error code that hickory took for an empty answer.
            NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
                ResponseCode::NoError | ResponseCode::NXDomain => Self::Malformed,
                code => Self::ServerError(u16::from(code)),
            },
            _ => Self::Malformed,
        }
    }
}
