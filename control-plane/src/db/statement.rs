//! All SQL by name. One test prepares every statement here on both engines; another counts that no `store.rs` is missing.

use super::{Engine, Which};

/// One statement, in one spelling or two.
#[derive(Debug, Clone, Copy)]
pub struct Statement {
    pub module: &'static str,
    pub name: &'static str,
    pub which: Which,
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

impl Statement {
    pub const fn on(&self, engine: Engine) -> &'static str {
        match engine {
            Engine::Sqlite => self.sqlite,
            Engine::Postgres => self.postgres,
        }
    }
}

/// `sql! { Main; NAME = "SELECT …"; OTHER = { sqlite: "…", postgres: "…" }; }` makes constants and the module's list
/// `STATEMENTS`. Parameters are `$1`, `$2` on both engines.
macro_rules! sql {
    ($which:ident; $($name:ident = $text:tt;)+) => {
        $(const $name: $crate::db::Statement = $crate::db::sql!(@one $which $name $text);)+
        pub(crate) const STATEMENTS: &[$crate::db::Statement] = &[$($name),+];
    };
    (@one $which:ident $name:ident { sqlite: $sqlite:expr, postgres: $postgres:expr $(,)? }) => {
        $crate::db::Statement {
            module: module_path!(),
            name: stringify!($name),
            which: $crate::db::Which::$which,
            sqlite: $sqlite,
            postgres: $postgres,
        }
    };
    (@one $which:ident $name:ident $text:tt) => {
        // A text in parentheses may be put together by `concat!`.
        $crate::db::sql!(@one $which $name { sqlite: $text, postgres: $text })
    };
}
pub(crate) use sql;

/// The column's id is in the JSON array of ids (hexadecimal digits) that the parameter holds. On PostgreSQL as an array, which
/// its indexes take also beside an `OR`.
macro_rules! in_set {
    (sqlite, $column:literal, $parameter:literal) => {
        concat!($column, " IN (SELECT unhex(value) FROM json_each(", $parameter, "))")
    };
    (postgres, $column:literal, $parameter:literal) => {
        concat!(
            $column,
            " = ANY (ARRAY(SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST(",
            $parameter,
            " AS JSONB)) AS x))"
        )
    };
}
pub(crate) use in_set;

/// The ids of those rows of a table that are of a tenant in the scope, of a domain there, or of a single domain: each part by an
/// index of its own. For tables whose rows have a `tenant_id` or a `domain_id`.
macro_rules! in_reach {
    ($engine:ident, $id:literal, $table:literal, $tenants:literal, $domains:literal) => {
        concat!(
            $id,
            " IN (SELECT own.id FROM ",
            $table,
            " own WHERE ",
            in_set!($engine, "own.tenant_id", $tenants),
            " UNION SELECT own.id FROM domains o CROSS JOIN ",
            $table,
            " own WHERE own.domain_id = o.id AND ",
            in_set!($engine, "o.tenant_id", $tenants),
            " UNION SELECT own.id FROM ",
            $table,
            " own WHERE ",
            in_set!($engine, "own.domain_id", $domains),
            ")"
        )
    };
}
pub(crate) use in_reach;

/// Every statement of the control plane.
pub fn statements() -> Vec<Statement> {
    MODULES.iter().flat_map(|statements| statements.iter().copied()).collect()
}

/// One line a module that has SQL.
const MODULES: &[&[Statement]] = &[
    crate::certificates::STATEMENTS,
    crate::errands::STATEMENTS,
    crate::events::STATEMENTS,
    crate::join_tokens::STATEMENTS,
    crate::messages::STATEMENTS,
    crate::snapshots::SOURCE_STATEMENTS,
    crate::snapshots::MARKS_STATEMENTS,
    crate::snapshots::STATEMENTS,
    crate::workers::STATEMENTS,
    crate::labels::STATEMENTS,
    crate::lease::STATEMENTS,
    crate::api_keys::STATEMENTS,
    crate::audit::STATEMENTS,
    crate::audit::CHAIN_STATEMENTS,
    crate::auth::STATEMENTS,
    crate::bootstrap::STATEMENTS,
    crate::http::idempotency::STATEMENTS,
    crate::installation::STATEMENTS,
    crate::keys::STATEMENTS,
    crate::outbox::STATEMENTS,
    crate::password_resets::STATEMENTS,
    crate::policy::STATEMENTS,
    crate::pool_keys::STATEMENTS,
    crate::pools::STATEMENTS,
    crate::domains::STATEMENTS,
    crate::domains::MOVING_STATEMENTS,
    crate::domains::OWNERSHIP_STATEMENTS,
    crate::domains::RIVALS_STATEMENTS,
    crate::domains::TAKEOVER_STATEMENTS,
    crate::lists::STATEMENTS,
    crate::mail_out::STATEMENTS,
    crate::recipients::STATEMENTS,
    crate::recover::STATEMENTS,
    crate::routes::STATEMENTS,
    crate::routes::HEALTH_STATEMENTS,
    crate::grants::STATEMENTS,
    crate::invitations::STATEMENTS,
    crate::persons::STATEMENTS,
    crate::sessions::STATEMENTS,
    crate::factors::STATEMENTS,
    crate::sign_in_policy::STATEMENTS,
    crate::statistics::STATEMENTS,
    crate::tenants::STATEMENTS,
    crate::tenants::limits::STATEMENTS,
    crate::tenants::suspension::STATEMENTS,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_with_sql_is_in_the_list() {
        fn count(dir: &std::path::Path) -> usize {
            let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
            entries
                .map(|path| {
                    if path.is_dir() {
                        return count(&path);
                    }
                    let text = std::fs::read_to_string(&path).unwrap();
                    usize::from(text.lines().any(|line| line == "sql! {"))
                })
                .sum()
        }
        let found = count(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
        assert_eq!(found, MODULES.len(), "a module has `sql! {{` and is not in MODULES, or the other way round");
    }
}
