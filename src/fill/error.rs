//! Why a fill stopped.

use crate::journal::{JournalError, Refusal};
use crate::route::Stage;

/// Why a fill stopped before its end. Its checkpoint stays where the journal could keep it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FillError {
    /// The stage does not copy from legacy to the target.
    #[error(
        "stage {stage} does not copy from legacy to the target: fill in dual_write, shadow, canary or live"
    )]
    Stage {
        /// The stage.
        stage: Stage,
    },
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The certificate was refused.
    #[error(
        "every page is copied, but the certificate was refused ({0:?}): look at the dead letters, or fill anew"
    )]
    NotCertified(Refusal),
    /// It was stopped.
    #[error("the fill was stopped")]
    Stopped,
}
