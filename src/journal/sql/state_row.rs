//! The one row that holds what the journal knows beside its marks.

use sqlx::SqlStr;

use super::connection::{Cells, Connection, Value};
use super::statements;
use crate::journal::model::{Certificate, Epoch, FillProgress, Micros, SessionId};
use crate::stage::Stage;

/// Loaded once a transaction, saved when a command has changed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StateRow {
    pub(crate) stage: Stage,
    pub(crate) epoch: Epoch,
    pub(crate) authority_epoch: Epoch,
    pub(crate) session: SessionId,
    pub(crate) session_open: bool,
    pub(crate) continues_unrecorded: bool,
    pub(crate) voids: u64,
    pub(crate) reserved_stamp: Micros,
    pub(crate) fill: Option<FillProgress>,
    pub(crate) certificate: Option<Certificate>,
}

impl StateRow {
    pub(crate) async fn save(&self, connection: &mut impl Connection) -> Result<(), sqlx::Error> {
        let (fill, certificate) = (encoded(self.fill.as_ref())?, encoded(self.certificate.as_ref())?);
        let values = [
            Value::Text(self.stage.as_str()),
            Value::Number(self.epoch.cast_signed()),
            Value::Number(self.authority_epoch.cast_signed()),
            Value::Number(self.session.cast_signed()),
            Value::Number(self.session_open.into()),
            Value::Number(self.continues_unrecorded.into()),
            Value::Number(self.voids.cast_signed()),
            Value::Number(self.reserved_stamp),
            fill.as_deref().into(),
            certificate.as_deref().into(),
        ];
        connection.execute(SqlStr::from_static(statements::SAVE_STATE), &values).await.map(drop)
    }

    /// From the columns of the state, the first of the row.
    pub(crate) fn decode(row: &dyn Cells) -> Result<Self, sqlx::Error> {
        let unsigned = |column| row.number(column).map(i64::cast_unsigned);
        Ok(Self {
            stage: row.text(0)?.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            epoch: unsigned(1)?,
            authority_epoch: unsigned(2)?,
            session: unsigned(3)?,
            session_open: row.number(4)? != 0,
            continues_unrecorded: row.number(5)? != 0,
            voids: unsigned(6)?,
            reserved_stamp: row.number(7)?,
            fill: decoded(row.text_or_null(8)?)?,
            certificate: decoded(row.text_or_null(9)?)?,
        })
    }
}

fn encoded<T: serde::Serialize>(value: Option<&T>) -> Result<Option<String>, sqlx::Error> {
    value.map(serde_json::to_string).transpose().map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

fn decoded<T: serde::de::DeserializeOwned>(text: Option<&str>) -> Result<Option<T>, sqlx::Error> {
    text.map(serde_json::from_str).transpose().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
