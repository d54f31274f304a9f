//! How things are shown: no key and no customer in clear.

use std::time::{Duration, UNIX_EPOCH};

use humantime_serde::re::humantime::format_rfc3339_micros;
use serde_json::{Value, json};

use crate::data::Scope;
use crate::journal::{AuditEntry, JournalStatus, Mark, Micros};
use crate::route::RoutingConfig;

/// A moment as people write it.
pub(super) fn time(at: Micros) -> Value {
    let since = Duration::from_micros(u64::try_from(at).unwrap_or(0));
    UNIX_EPOCH.checked_add(since).map_or(Value::Null, |at| format_rfc3339_micros(at).to_string().into())
}

/// The config, its lists as how long they are: cohort keys are customers.
pub(super) fn config(config: &RoutingConfig) -> Value {
    // Every value of a config has a JSON form.
    let mut shown = serde_json::to_value(config).unwrap_or_default();
    let cohort = &mut shown["cohort"];
    cohort["allow"] = entries(config.cohort.allow.len());
    cohort["deny"] = entries(config.cohort.deny.len());
    let rules = config.cohort.rules.iter();
    cohort["rules"] = rules
        .map(|rule| json!({ "attribute": rule.attribute, "values": entries(rule.values.len()) }))
        .collect();
    shown
}

fn entries(count: usize) -> Value {
    json!({ "entries": count })
}

/// What the journal knows. The checkpoint of the fill is a key, and left out.
pub(super) fn journal(status: &JournalStatus) -> Value {
    json!({
        "marks": status.marks,
        "fill": status.fill.as_ref().map(|fill| json!({
            "complete": fill.complete,
            "copied": fill.copied,
            "extra": fill.extra,
            "pages": fill.pages,
            "walks": if fill.authority_done { "target" } else { "legacy" },
        })),
        "certificate": status.certificate.as_ref().map(|certificate| json!({
            "issued": time(certificate.issued),
            "epoch": certificate.epoch,
            "records": certificate.records,
        })),
        "voids": status.voids,
    })
}

/// A mark, its scope hashed as in logs.
pub(super) fn mark(mark: &Mark) -> Value {
    json!({
        "scope": scope(&mark.scope),
        "reason": mark.reason,
        "attempts": mark.attempts,
        "session": mark.session,
        "created": time(mark.created),
    })
}

fn scope(scope: &Scope) -> Value {
    scope.to_string().into()
}

pub(super) fn audit_line(line: &AuditEntry) -> Value {
    json!({ "at": time(line.at), "who": line.who, "what": line.what, "why": line.why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_is_shown_without_customers() {
        let text = "[cohort]\nallow = [\"smith\"]\ndeny = [\"jones\", \"mills\"]\nweight = \"5%\"\n\
            [[cohort.rules]]\nattribute = \"country\"\nvalues = [\"Atlantis\"]";
        let shown = config(&RoutingConfig::from_toml(text).unwrap());
        let all = shown.to_string();
        assert!(["smith", "jones", "mills", "Atlantis"].iter().all(|name| !all.contains(name)), "{all}");
        assert_eq!(shown["cohort"]["weight"], "5%");
        assert_eq!(shown["cohort"]["deny"]["entries"], 2);
        assert_eq!(shown["cohort"]["rules"][0]["attribute"], "country");
    }

    #[test]
    fn moments_are_written_for_people() {
        assert_eq!(time(1_700_000_000_000_000), "2023-11-14T22:13:20.000000Z");
    }
}
