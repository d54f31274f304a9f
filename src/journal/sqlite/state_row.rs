//! The one row that holds what the journal knows beside its marks.

use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::sql;
use crate::journal::model::{Certificate, Epoch, FillProgress, Micros, SessionId};
use crate::stage::Stage;

/// Loaded once a transaction, saved when a command has changed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StateRow {
    pub(super) stage: Stage,
    pub(super) epoch: Epoch,
    pub(super) authority_epoch: Epoch,
    pub(super) session: SessionId,
    pub(super) session_open: bool,
    pub(super) continues_unrecorded: bool,
    pub(super) voids: u64,
    pub(super) reserved_stamp: Micros,
    pub(super) fill: Option<FillProgress>,
    pub(super) certificate: Option<Certificate>,
}

impl StateRow {
    pub(super) async fn load(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        Self::decode(&sqlx::query(sql::LOAD_STATE).fetch_one(connection).await?)
    }

    pub(super) async fn save(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let query = sqlx::query(sql::SAVE_STATE)
            .bind(self.stage.as_str())
            .bind(self.epoch.cast_signed())
            .bind(self.authority_epoch.cast_signed())
            .bind(self.session.cast_signed())
            .bind(self.session_open)
            .bind(self.continues_unrecorded)
            .bind(self.voids.cast_signed())
            .bind(self.reserved_stamp)
            .bind(encoded(self.fill.as_ref())?)
            .bind(encoded(self.certificate.as_ref())?);
        query.execute(connection).await.map(drop)
    }

    fn decode(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let unsigned = |column| row.try_get::<i64, _>(column).map(i64::cast_unsigned);
        let stage: String = row.try_get("stage")?;
        Ok(Self {
            stage: stage.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            epoch: unsigned("epoch")?,
            authority_epoch: unsigned("authority_epoch")?,
            session: unsigned("session")?,
            session_open: row.try_get("session_open")?,
            continues_unrecorded: row.try_get("continues_unrecorded")?,
            voids: unsigned("voids")?,
            reserved_stamp: row.try_get("reserved_stamp")?,
            fill: decoded(row.try_get("fill")?)?,
            certificate: decoded(row.try_get("certificate")?)?,
        })
    }
}

fn encoded<T: serde::Serialize>(value: Option<&T>) -> Result<Option<String>, sqlx::Error> {
    value.map(serde_json::to_string).transpose().map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

fn decoded<T: serde::de::DeserializeOwned>(text: Option<&str>) -> Result<Option<T>, sqlx::Error> {
    text.map(serde_json::from_str).transpose().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
