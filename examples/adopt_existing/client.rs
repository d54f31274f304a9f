//! A client of the service, the old one or the new one.

use anyhow::{Result, ensure};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use serde::de::DeserializeOwned;
use tower::ServiceExt;

use crate::domain::{Invoice, Line};

const ANSWER_BYTES_MAX: usize = 1024 * 1024;

pub(crate) struct Client(Router);

impl Client {
    pub(crate) const fn of(service: Router) -> Self {
        Self(service)
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: &str) -> Result<(StatusCode, String)> {
        let request =
            Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
        let answer = self.0.clone().oneshot(request.body(Body::from(body.to_owned()))?).await?;
        let (status, body) = (answer.status(), to_bytes(answer.into_body(), ANSWER_BYTES_MAX).await?);
        Ok((status, String::from_utf8(body.to_vec())?))
    }

    async fn answer<T: DeserializeOwned>(&self, method: Method, path: &str, body: &str) -> Result<T> {
        let (status, answer) = self.ask(method, path, body).await?;
        ensure!(status == StatusCode::OK, "{path}: {status} {answer}");
        Ok(serde_json::from_str(&answer)?)
    }

    pub(crate) async fn invoices(&self, customer: i64) -> Result<Vec<(i64, Invoice)>> {
        self.answer(Method::GET, &format!("/customers/{customer}/invoices"), "").await
    }

    /// One invoice that is paid, one that is deleted, and one more line for each; whatever is answered has to be so.
    pub(crate) async fn work(&self, customer: i64) -> Result<()> {
        let invoices = format!("/customers/{customer}/invoices");
        let lines = r#"[{"text": "Support", "cents": 9900}, {"text": "Travel", "cents": 4200}]"#;
        for deleted in [false, true] {
            let id: i64 = self.answer(Method::POST, &invoices, lines).await?;
            let path = format!("{invoices}/{id}");
            let line = r#"{"text": "Coffee", "cents": 300}"#;
            let total: i64 = self.answer(Method::POST, &format!("{path}/lines"), line).await?;
            let paid: bool = self.answer(Method::POST, &format!("{path}/payment"), "").await?;
            let invoice: Invoice = self.answer(Method::GET, &path, "").await?;
            let last = Line { text: "Coffee".into(), cents: 300 };
            ensure!((total, paid, invoice.total_cents, invoice.paid) == (14_400, true, 14_400, true));
            ensure!(invoice.lines.len() == 3 && invoice.lines.last() == Some(&last), "{invoice:?}");
            if deleted {
                ensure!(self.answer::<bool>(Method::DELETE, &path, "").await?);
                ensure!(!self.answer::<bool>(Method::DELETE, &path, "").await?);
                ensure!(self.ask(Method::GET, &path, "").await?.0 == StatusCode::NOT_FOUND);
            }
        }
        Ok(())
    }
}
