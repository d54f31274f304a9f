//! A provider whose flags can be set, and which can fail or hang: in its place stands flagd, LaunchDarkly, or any other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use open_feature::provider::{FeatureProvider, ProviderMetadata, ResolutionDetails};
use open_feature::{
    EvaluationContext, EvaluationError, EvaluationErrorCode, EvaluationResult, StructValue, async_trait,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    Well,
    /// Used by the tests.
    #[cfg_attr(not(test), expect(dead_code))]
    Never,
    WithErrors,
}

/// Flags in memory. A clone has the same flags.
#[derive(Clone)]
pub(crate) struct Board {
    flags: Arc<Mutex<HashMap<String, String>>>,
    answers: Arc<Mutex<Answers>>,
    metadata: ProviderMetadata,
}

impl Board {
    pub(crate) fn new() -> Self {
        Self {
            flags: Arc::default(),
            answers: Arc::new(Mutex::new(Answers::Well)),
            metadata: ProviderMetadata::new("board"),
        }
    }

    pub(crate) fn set(&self, flag: &str, value: &str) {
        self.flags.lock().unwrap_or_else(PoisonError::into_inner).insert(flag.into(), value.into());
    }

    pub(crate) fn answer(&self, answers: Answers) {
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner) = answers;
    }

    async fn resolve<T: std::str::FromStr>(&self, flag: &str) -> EvaluationResult<ResolutionDetails<T>> {
        let failed = |code| EvaluationError { code, message: None };
        let answers = *self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        match answers {
            Answers::Well => {}
            Answers::Never => std::future::pending::<()>().await,
            Answers::WithErrors => return Err(failed(EvaluationErrorCode::General("it is away".into()))),
        }
        let flags = self.flags.lock().unwrap_or_else(PoisonError::into_inner);
        let value: &String = flags.get(flag).ok_or_else(|| failed(EvaluationErrorCode::FlagNotFound))?;
        value.parse::<T>().map(ResolutionDetails::new).map_err(|_| failed(EvaluationErrorCode::TypeMismatch))
    }
}

#[async_trait]
impl FeatureProvider for Board {
    fn metadata(&self) -> &ProviderMetadata {
        &self.metadata
    }

    async fn resolve_bool_value(
        &self,
        flag: &str,
        _: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<bool>> {
        self.resolve(flag).await
    }

    async fn resolve_int_value(
        &self,
        flag: &str,
        _: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<i64>> {
        self.resolve(flag).await
    }

    async fn resolve_float_value(
        &self,
        flag: &str,
        _: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<f64>> {
        self.resolve(flag).await
    }

    async fn resolve_string_value(
        &self,
        flag: &str,
        _: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<String>> {
        self.resolve(flag).await
    }

    async fn resolve_struct_value(
        &self,
        _: &str,
        _: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<StructValue>> {
        Err(EvaluationError { code: EvaluationErrorCode::TypeMismatch, message: None })
    }
}
