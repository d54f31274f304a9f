//! What the measurements have in common: interleaved rounds, sections with tables, plots and goals, and how they are shown.

mod goal;
mod markdown;
mod output;
mod plot;
mod rounds;
mod section;

pub use goal::{Goal, Wanted};
pub use output::Output;
pub use plot::{Line, Plot};
pub use rounds::{Case, Timed, interleaved, median, median_ratio};
pub use section::{Cell, Section, Table};
