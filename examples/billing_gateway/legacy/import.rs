//! Writing what legacy begins with.

use super::row::Row;
use super::store::Legacy;
use crate::domain::Invoice;
use crate::history::Customer;

/// Invoices written with one statement.
const BATCH: usize = 1_000;

impl Legacy {
    /// Writes everything in one transaction, with the ids that it has.
    pub(crate) async fn import(&self, customers: &[Customer], invoices: &[Invoice]) -> sqlx::Result<()> {
        let pool = self.unbounded().await?;
        let mut transaction = pool.begin().await?;
        transaction.put_customers(customers).await?;
        for batch in invoices.chunks(BATCH) {
            let rows: Vec<Row> = batch.iter().map(Row::from).collect();
            transaction.put_rows(&rows).await?;
        }
        transaction.commit().await?;
        // Ids that were given do not move every database's sequence.
        let largest = invoices.iter().map(|invoice| invoice.id).max();
        self.raise_sequence_above(largest.unwrap_or(0)).await?;
        if self.is_server() {
            pool.close().await;
        }
        Ok(())
    }
}
