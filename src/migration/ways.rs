//! The first two ways into the documented stack: typed records, and functions that exist.

use tower::Service;

use super::builder::MigrationBuilder;
use crate::copy::{AnyCopier, Copier};
use crate::data::RecordStore;
use crate::error::{AsFailed, Failed};
use crate::fallback::{FallbackPolicy, OnError};
use crate::functions::{BeforeRampDown, Functions};
use crate::mismatch_metrics::{ByDefault, Compare};
use crate::records::{
    Entity, ReadOnlyService, RecordAnswer, RecordRequest, RecordService, Records, ResponseFuture,
    WriteRecords,
};
use crate::route::Store;

impl<CL, CT, D, M, P> MigrationBuilder<Copier<CL, CT>, M, P>
where
    CL: RecordStore<Data = D>,
    CT: RecordStore<Data = D>,
    D: Entity,
    M: Compare<RecordAnswer<D>> + Clone + Send + Sync + 'static,
    P: FallbackPolicy<RecordAnswer<D>, Failed<D::Error>> + Clone + Send + Sync + 'static,
{
    /// The first way in: the typed [`Records`] of both stores.
    #[must_use]
    pub fn records<L, T>(self, legacy: L, target: T) -> Records<D>
    where
        L: WriteRecords<Data = D>,
        T: WriteRecords<Data = D>,
        D::Error: From<L::Error> + From<T::Error>,
    {
        self.records_over(legacy, RecordService::new(target, Store::Target))
    }

    /// As [`records`](Self::records), for a target that has no write code yet. Until `ramp_down` it needs none: the
    /// move there is refused, by the name of the data set.
    #[must_use]
    pub fn records_before_ramp_down<L, T>(self, legacy: L, target: T) -> Records<D>
    where
        L: WriteRecords<Data = D>,
        T: RecordStore<Data = D>,
        D::Error: From<L::Error> + From<T::Error>,
    {
        self.routing.without_target_writes(name_of::<D>());
        self.records_over(legacy, ReadOnlyService::new(target, Store::Target))
    }

    fn records_over<L, T>(self, legacy: L, target: T) -> Records<D>
    where
        L: WriteRecords<Data = D>,
        D::Error: From<L::Error>,
        T: Service<
                RecordRequest<D>,
                Response = RecordAnswer<D>,
                Error = Failed<D::Error>,
                Future = ResponseFuture<D>,
            >,
        T: Clone + Send + Sync + 'static,
    {
        let fallback = self.fallback.clone().missing(RecordAnswer::is_missing);
        let builder = self.fallback(fallback).classified_by(AsFailed).written(RecordAnswer::written);
        let legacy = RecordService::new(legacy, Store::Legacy);
        Records::over(builder.build::<RecordRequest<D>, _, _>(legacy, target))
    }
}

impl<CL, CT> MigrationBuilder<Copier<CL, CT>, ByDefault, OnError>
where
    CL: RecordStore,
    CT: RecordStore<Data = CL::Data>,
{
    /// The second way in: [`Functions`] that exist, with what they need of each store - a pool, a repository. Their
    /// records are copied by the copier's stores.
    #[must_use]
    pub fn functions<L, T, E>(self, legacy: L, target: T) -> Functions<L, T, E>
    where
        L: Clone + Send + Sync + 'static,
        T: Clone + Send + Sync + 'static,
    {
        let copier = AnyCopier::new(self.copier);
        Functions::new(self.routing, copier, self.compare, self.fallback, legacy, target)
    }

    /// As [`functions`](Self::functions), while there are writes without a function for the target. Until `ramp_down`
    /// it needs none: the move there is refused, by the name of the data set.
    #[must_use]
    pub fn functions_before_ramp_down<L, T, E>(
        self,
        legacy: L,
        target: T,
    ) -> Functions<L, T, E, BeforeRampDown>
    where
        L: Clone + Send + Sync + 'static,
        T: Clone + Send + Sync + 'static,
    {
        self.routing.without_target_writes(name_of::<CL::Data>());
        let copier = AnyCopier::new(self.copier);
        Functions::new(self.routing, copier, self.compare, self.fallback, legacy, target)
    }
}

/// The name of the data set's type, without its path.
fn name_of<D>() -> &'static str {
    let path = std::any::type_name::<D>();
    path.rsplit("::").next().unwrap_or(path)
}
