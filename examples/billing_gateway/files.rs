//! Where the databases of a run are, and how to look into them afterwards.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::Args;
use crate::legacy::Legacy;
use crate::report::say;
use crate::store_url::{Scheme, StoreUrl};
use crate::target::Target;

/// The URLs of the two stores and of the journal.
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
        let of = |given: &Option<String>, reads: fn(&str) -> Result<StoreUrl>, name| match given {
            Some(url) => reads(url).map(|url| url.text),
            None => file(name),
        };
        Ok(Self {
            legacy: of(&args.legacy, StoreUrl::of_legacy, "legacy.db")?,
            target: of(&args.target, StoreUrl::of_target, "target.db")?,
            journal: of(&args.journal, StoreUrl::of_journal, "journal.db")?,
        })
    }

    /// Names the stores, with a query each.
    pub(crate) fn explain(&self) -> Result<()> {
        say("");
        say("look for yourself (legacy stopped where complete began):");
        say(&format!("  {}", look(&StoreUrl::of_legacy(&self.legacy)?, IN_LEGACY_FILE, IN_LEGACY)));
        say(&format!("  {}", look(&StoreUrl::of_target(&self.target)?, IN_TARGET_FILE, IN_TARGET)));
        say(&format!("  {}", look(&StoreUrl::of_journal(&self.journal)?, IN_JOURNAL, IN_JOURNAL)));
        Ok(())
    }
}

const IN_LEGACY_FILE: &str = "SELECT count(*), printf('%.2f', sum(total_cents) / 100.0) FROM invoices;";
const IN_LEGACY: &str = "SELECT count(*), sum(total_cents) / 100.0 FROM invoices;";
const IN_TARGET_FILE: &str = "SELECT count(*), printf('%.2f', sum(document->>'total')) FROM invoice_documents WHERE document IS NOT NULL;";
const IN_TARGET: &str = "SELECT count(document) FROM invoice_documents;";
const IN_JOURNAL: &str = "SELECT who, what, why FROM crossfade_audit ORDER BY line;";

/// How to ask a store something on the command line; passwords are left for the tool to ask for.
fn look(url: &StoreUrl, in_file: &str, on_server: &str) -> String {
    let (server, database) = url.shown_parts();
    let (host, port) = server.rsplit_once(':').unwrap_or((server, ""));
    match url.scheme {
        Scheme::Sqlite => {
            let file = url.text.trim_start_matches("sqlite:").trim_start_matches("//");
            format!("sqlite3 {file} \"{in_file}\"")
        }
        Scheme::MySql => {
            format!("mariadb -h {host} -P {port} -u {} {database} -e \"{on_server}\"", url.user())
        }
        Scheme::Postgres => {
            format!("psql -h {host} -p {port} -U {} {database} -c \"{on_server}\"", url.user())
        }
        Scheme::Cassandra => format!("cqlsh {host} {port} -k {database} -e \"{on_server}\""),
    }
}

/// A demonstration that replaced somebody's invoices would be a poor one.
pub(crate) async fn ensure_empty(legacy: &Legacy, target: &Target) -> Result<()> {
    match (legacy.is_empty().await?, target.is_empty().await?) {
        (true, true) => Ok(()),
        (false, _) => {
            bail!("the stores must be empty: the legacy store has customers; name another database")
        }
        (true, false) => bail!("the stores must be empty: the target has documents; name another one"),
    }
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
