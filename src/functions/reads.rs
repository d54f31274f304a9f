//! Reads: one record, anything of a scope, a lookup.

use std::future::Future;

use tower::ServiceExt;

use super::call::{Call, ReadAnswer};
use super::handle::Functions;
use crate::data::{Key, Outcome, Scopes};
use crate::error::{Failed, Refused};
use crate::route::Operation;

impl<L, T, E, W> Functions<L, T, E, W>
where
    L: Clone + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
    E: From<Refused> + Send + 'static,
{
    /// Reads one record, or what stands for one: where the target says that there is none, legacy is asked in `canary`
    /// and `live`.
    ///
    /// The function of the store that answers is called, and in the stages that compare, later, that of the other one:
    /// each closure is cloned for it and owns what it captures.
    ///
    /// # Errors
    /// Those of the function, and [`Refused`].
    pub async fn get<Res, FL, FT, RL, RT>(
        &self,
        name: &'static str,
        key: Key,
        on_legacy: FL,
        on_target: FT,
    ) -> Result<Option<Res>, E>
    where
        Res: Clone + PartialEq + Send + 'static,
        FL: FnOnce(L) -> RL + Clone + Send + 'static,
        FT: FnOnce(T) -> RT + Clone + Send + 'static,
        RL: Future<Output = Result<Option<Res>, E>> + Send + 'static,
        RT: Future<Output = Result<Option<Res>, E>> + Send + 'static,
    {
        self.run_read(Operation::read(name), key.into(), on_legacy, on_target, Option::is_none).await
    }

    /// Reads anything else of these keys or this group: a list, a sum.
    ///
    /// # Errors
    /// Those of the function, and [`Refused`].
    pub async fn read<Res, FL, FT, RL, RT>(
        &self,
        name: &'static str,
        scopes: impl Into<Scopes>,
        on_legacy: FL,
        on_target: FT,
    ) -> Result<Res, E>
    where
        Res: Clone + PartialEq + Send + 'static,
        FL: FnOnce(L) -> RL + Clone + Send + 'static,
        FT: FnOnce(T) -> RT + Clone + Send + 'static,
        RL: Future<Output = Result<Res, E>> + Send + 'static,
        RT: Future<Output = Result<Res, E>> + Send + 'static,
    {
        self.run_read(Operation::read(name), scopes.into(), on_legacy, on_target, |_| false).await
    }

    /// Finds something without its key: by number, by e-mail. The authority answers until the config enables this name
    /// on the target, and also then while anything is dirty.
    ///
    /// # Errors
    /// Those of the function, and [`Refused`].
    pub async fn lookup<Res, FL, FT, RL, RT>(
        &self,
        name: &'static str,
        on_legacy: FL,
        on_target: FT,
    ) -> Result<Res, E>
    where
        Res: Clone + PartialEq + Send + 'static,
        FL: FnOnce(L) -> RL + Clone + Send + 'static,
        FT: FnOnce(T) -> RT + Clone + Send + 'static,
        RL: Future<Output = Result<Res, E>> + Send + 'static,
        RT: Future<Output = Result<Res, E>> + Send + 'static,
    {
        self.run_read(Operation::lookup(name), Scopes::none(), on_legacy, on_target, |_| false).await
    }

    async fn run_read<Res, FL, FT, RL, RT>(
        &self,
        operation: Operation,
        scopes: Scopes,
        on_legacy: FL,
        on_target: FT,
        is_missing: fn(&Res) -> bool,
    ) -> Result<Res, E>
    where
        Res: Clone + PartialEq + Send + 'static,
        FL: FnOnce(L) -> RL + Clone + Send + 'static,
        FT: FnOnce(T) -> RT + Clone + Send + 'static,
        RL: Future<Output = Result<Res, E>> + Send + 'static,
        RT: Future<Output = Result<Res, E>> + Send + 'static,
    {
        let answered = move |read: Result<Res, E>| match read {
            Ok(answer) => Ok(ReadAnswer { is_missing: is_missing(&answer), answer }),
            Err(error) => Err(Failed { error, outcome: Outcome::Unknown }),
        };
        let on_legacy = move |legacy| {
            let read = on_legacy(legacy);
            async move { answered(read.await) }
        };
        let on_target = move |target| {
            let read = on_target(target);
            async move { answered(read.await) }
        };
        let read = self.reads.clone().oneshot(Call { operation, scopes, on_legacy, on_target }).await;
        read.map(|answer| answer.answer).map_err(|failed| failed.error)
    }
}
