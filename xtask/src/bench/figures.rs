//! Times of many calls, and figures for people and programs.

use std::time::Duration;

/// How long each call took.
#[derive(Debug, Default, Clone)]
pub(super) struct Times(Vec<Duration>);

impl Times {
    pub(super) fn note(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub(super) fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(super) const fn count(&self) -> usize {
        self.0.len()
    }

    /// What so many of a hundred stayed within, in milliseconds: the nearest rank. 0 where there were none.
    pub(super) fn percentile_ms(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).map_or(0.0, |took| took.as_secs_f64() * 1e3)
    }
}

/// One digit behind the point, for what is large; two for what is not.
pub(super) fn round(figure: f64) -> f64 {
    let to = if figure.abs() < 10.0 { 100.0 } else { 10.0 };
    (figure * to).round() / to
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub(super) fn per_second(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64().max(1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_the_nearest_rank() {
        let mut times = Times::default();
        assert_eq!(times.percentile_ms(50).to_bits(), 0.0_f64.to_bits());
        for ms in (1..=200).rev() {
            times.note(Duration::from_millis(ms));
        }
        let found = [50, 99, 100].map(|percent| round(times.percentile_ms(percent)).to_string());
        assert_eq!(found, ["100", "198", "200"]);
        let mut one = Times::default();
        one.note(Duration::from_millis(3));
        assert_eq!(round(one.percentile_ms(1)).to_string(), "3");
    }
}
