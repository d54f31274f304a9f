//! Times that hold on a machine that does other things too: all cases in turn, round by round, and the medians.

use std::time::Duration;

/// Something that is timed.
pub struct Case<'a> {
    name: String,
    run: Box<dyn FnMut(u64) -> Duration + 'a>,
}

impl<'a> Case<'a> {
    /// `run` does it so many times and says how long that took.
    pub fn new(name: &str, run: impl FnMut(u64) -> Duration + 'a) -> Self {
        Self { name: name.to_owned(), run: Box::new(run) }
    }

    /// How many times take about so long.
    fn times_for(&mut self, sample: Duration) -> u64 {
        let mut times = 16;
        loop {
            let took = (self.run)(times);
            if took >= sample / 4 {
                let wanted = times as f64 * sample.as_secs_f64() / took.as_secs_f64();
                return (wanted as u64).max(1);
            }
            times *= 4;
        }
    }
}

impl std::fmt::Debug for Case<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Case").field("name", &self.name).finish_non_exhaustive()
    }
}

/// How long it took once, in each round.
#[derive(Clone, Debug)]
pub struct Timed {
    /// The name of the case.
    pub name: String,
    /// Nanoseconds of one time, a number for each round.
    pub nanos: Vec<f64>,
}

impl Timed {
    /// The median, in nanoseconds.
    #[must_use]
    pub fn median(&self) -> f64 {
        median(&self.nanos)
    }

    /// How many times as long as the other one it takes: the median over the rounds, in each of which both had the same machine.
    #[must_use]
    pub fn over(&self, other: &Self) -> f64 {
        median_ratio(&self.nanos, &other.nanos)
    }
}

/// Each case for about `sample` in each round.
pub fn interleaved(cases: &mut [Case<'_>], rounds: usize, sample: Duration) -> Vec<Timed> {
    let times: Vec<u64> = cases.iter_mut().map(|case| case.times_for(sample)).collect();
    let mut timed: Vec<Timed> =
        cases.iter().map(|case| Timed { name: case.name.clone(), nanos: Vec::new() }).collect();
    for _ in 0..rounds {
        for ((case, times), timed) in cases.iter_mut().zip(&times).zip(&mut timed) {
            timed.nanos.push((case.run)(*times).as_secs_f64() * 1e9 / *times as f64);
        }
    }
    timed
}

/// The median; 0 of nothing.
#[must_use]
pub fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        len if len % 2 == 1 => sorted[len / 2],
        len => f64::midpoint(sorted[len / 2 - 1], sorted[len / 2]),
    }
}

/// The median of `a` over `b`, round by round.
#[must_use]
pub fn median_ratio(a: &[f64], b: &[f64]) -> f64 {
    let ratios: Vec<f64> = a.iter().zip(b).map(|(a, b)| a / b).collect();
    median(&ratios)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disturbed_round_does_not_move_the_ratio() {
        assert_eq!(median(&[3.0, 1.0, 2.0, 100.0]), 2.5);
        assert_eq!(median_ratio(&[2.0, 40.0, 2.0], &[1.0, 4.0, 1.0]), 2.0);
    }

    #[test]
    fn every_case_has_a_number_in_every_round() {
        let mut cases =
            [1_u64, 3].map(|nanos| Case::new("", move |times| Duration::from_nanos(times * nanos)));
        let timed = interleaved(&mut cases, 5, Duration::from_micros(10));
        assert_eq!(timed[1].nanos.len(), 5);
        assert!((timed[1].over(&timed[0]) - 3.0).abs() < 1e-6);
    }
}
