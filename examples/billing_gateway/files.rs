//! Where the databases of a run are, and how to look into them afterwards.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sqlx::sqlite::SqlitePool;

use crate::Args;
use crate::legacy::Legacy;
use crate::report::say;
use crate::sqlite::connect_options;
use crate::target::Target;

/// The URLs of the three databases.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    pub(crate) legacy: String,
    pub(crate) target: String,
    pub(crate) journal: String,
}

impl Files {
    /// Takes the URLs that were given, and fresh files in the data folder for the others.
    pub(crate) fn prepare(args: &Args) -> Result<Self> {
        Self::or_else(args, |name| fresh_file(&args.data, name))
    }

    /// Takes the URLs that were given, and files in the data folder for the others, as they are.
    pub(crate) fn existing(args: &Args) -> Result<Self> {
        Self::or_else(args, |name| file_in(&args.data, name))
    }

    fn or_else(args: &Args, file: impl Fn(&str) -> Result<String>) -> Result<Self> {
        let of = |given: &Option<String>, name| match given {
            Some(url) => connect_options(url).map(|_| url.clone()),
            None => file(name),
        };
        Ok(Self {
            legacy: of(&args.legacy, "legacy.db")?,
            target: of(&args.target, "target.db")?,
            journal: of(&args.journal, "journal.db")?,
        })
    }

    /// Names the files, with a query each.
    pub(crate) fn explain(&self) {
        let legacy = "SELECT count(*), printf('%.2f', sum(total_cents) / 100.0) FROM invoices;";
        let target = "SELECT count(*), printf('%.2f', sum(document->>'total')) FROM invoice_documents WHERE document IS NOT NULL;";
        say("");
        say("look for yourself (legacy stopped where complete began):");
        for (url, query) in [(&self.legacy, legacy), (&self.target, target), (&self.journal, ".tables")] {
            let file = url.trim_start_matches("sqlite:").trim_start_matches("//");
            say(&format!("  sqlite3 {file} \"{query}\""));
        }
    }
}

/// A demonstration that replaced somebody's invoices would be a poor one.
pub(crate) async fn ensure_empty(legacy: &Legacy, target: &Target) -> Result<()> {
    let legacy = count(&legacy.database().readers, "SELECT count(*) FROM customers").await?;
    let target = count(&target.database().readers, "SELECT count(*) FROM invoice_documents").await?;
    if legacy + target > 0 {
        bail!(
            "the stores must be empty: the legacy store has {legacy} customers, the target {target} documents"
        );
    }
    Ok(())
}

async fn count(pool: &SqlitePool, query: &'static str) -> Result<i64> {
    Ok(sqlx::query_scalar(query).fetch_one(pool).await?)
}

fn file_in(folder: &Path, name: &str) -> Result<String> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    Ok(format!("sqlite:{}", folder.join(name).display()))
}

fn fresh_file(folder: &Path, name: &str) -> Result<String> {
    for suffix in ["", "-wal", "-shm"] {
        let path: PathBuf = folder.join(format!("{name}{suffix}"));
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error)
                    .with_context(|| format!("cannot remove {} of an earlier run", path.display()));
            }
            _ => {}
        }
    }
    file_in(folder, name)
}
