//! From when to when, and in what steps: whole hours, or whole days of UTC.

use std::time::Duration;

use contract::Micros;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{ApiError, Code, FieldError, Time};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    #[default]
    Hour,
    /// Of UTC.
    Day,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub from: Micros,
    pub to: Micros,
    pub step: Step,
}

impl Step {
    pub(super) const fn length(self) -> Duration {
        match self {
            Self::Hour => Duration::from_hours(1),
            Self::Day => Duration::from_hours(24),
        }
    }

    /// What is shown where nobody says from when.
    const fn usual(self) -> Duration {
        match self {
            Self::Hour => Duration::from_hours(24),
            Self::Day => Duration::from_hours(30 * 24),
        }
    }

    /// The most steps of one answer.
    const fn most(self) -> u32 {
        match self {
            Self::Hour => 31 * 24,
            Self::Day => 400,
        }
    }

    /// Start of the step that holds `at`.
    fn floor(self, at: Micros) -> Micros {
        let length = i64::try_from(self.length().as_micros()).unwrap_or(i64::MAX);
        Micros::from_micros(at.as_micros().div_euclid(length).saturating_mul(length))
    }

    fn ceiling(self, at: Micros) -> Micros {
        let floor = self.floor(at);
        if floor == at { at } else { floor + self.length() }
    }
}

impl Span {
    /// Steps that `from` and `to` cut are whole in the answer.
    pub(super) fn parse(from: Option<Time>, to: Option<Time>, step: Step, now: Micros) -> Result<Self, ApiError> {
        let refused = |name: &str, message: String| {
            Err(ApiError::new(Code::InvalidQuery).errors(vec![FieldError::invalid(name, message)]))
        };
        let to = to.map_or(now, |to| to.0);
        let from = from.map_or(to - step.usual(), |from| from.0);
        if from >= to {
            return refused("?to", "expected a time after `from`".to_owned());
        }
        let span = Self { from: step.floor(from), to: step.ceiling(to), step };
        if span.to.since(span.from) > step.length() * step.most() {
            return refused("?from", format!("at most {} steps at once", step.most()));
        }
        Ok(span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600;

    fn parse(from: Option<i64>, to: Option<i64>, step: Step) -> Result<(i64, i64), Code> {
        let time = |secs: i64| Time(Micros::from_secs(secs));
        let span = Span::parse(from.map(time), to.map(time), step, Micros::from_secs(1_000 * 24 * HOUR + 90));
        span.map(|span| (span.from.as_secs(), span.to.as_secs())).map_err(|error| error.code())
    }

    #[test]
    fn steps_are_whole_and_bounded() {
        let day = 24 * HOUR;
        assert_eq!(parse(None, None, Step::Hour), Ok((999 * day, 1_000 * day + HOUR)));
        assert_eq!(parse(None, None, Step::Day), Ok((970 * day, 1_001 * day)));
        assert_eq!(parse(Some(HOUR + 1), Some(2 * HOUR), Step::Hour), Ok((HOUR, 2 * HOUR)));
        assert_eq!(parse(Some(HOUR), Some(HOUR), Step::Hour), Err(Code::InvalidQuery));
        assert_eq!(parse(Some(0), Some(32 * day), Step::Hour), Err(Code::InvalidQuery));
        assert_eq!(parse(Some(0), Some(400 * day), Step::Day), Ok((0, 400 * day)));
        assert_eq!(parse(Some(i64::MIN), Some(i64::MAX), Step::Day), Err(Code::InvalidQuery));
    }
}
