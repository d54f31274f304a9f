//! What a swap is to put in force, and what the audit log says of a change that moves no stage.

use serde_json::Value;

use super::config::RoutingConfig;
use super::core::Core;
use super::handle::Asked;
use crate::journal::{AuditEntry, Command};
use crate::stage::Stage;

/// What a swap is to put in force. It is made a config when no other swap is running: a config that was read before
/// would undo what a swap in between has changed.
#[derive(Debug)]
pub(super) enum Wanted {
    /// This config, its stage included.
    Config(RoutingConfig),
    /// This stage, with the config in force otherwise.
    Stage(Stage),
    /// This config, in the committed stage.
    ConfigInStage(RoutingConfig),
}

impl Wanted {
    pub(super) fn config(self, in_force: &RoutingConfig) -> RoutingConfig {
        match self {
            Self::Config(config) => config,
            Self::Stage(stage) => RoutingConfig { stage, ..in_force.clone() },
            Self::ConfigInStage(config) => RoutingConfig { stage: in_force.stage, ..config },
        }
    }
}

impl Core {
    /// Says in the audit log who changed which settings. The config is in force whether or not this can be recorded.
    pub(crate) async fn audit_config(&self, before: &RoutingConfig, after: &RoutingConfig, asked: Asked) {
        let changed = changed(before, after);
        if changed.is_empty() {
            return;
        }
        self.audit(asked, format!("config: {}", changed.join(", "))).await;
    }

    /// Adds a line to the audit log; what it tells of is done whether or not it can be recorded.
    pub(crate) async fn audit(&self, asked: Asked, what: String) {
        let entry = AuditEntry { at: self.journal.now(), who: asked.by, what, why: asked.because };
        if let Err(error) = self.journal.done(Command::Audit { entry: entry.clone() }).await {
            tracing::warn!(%error, who = entry.who, what = entry.what, "this is done and not in the audit log");
        }
    }
}

/// The paths of the settings that differ, the stage left out; never their values, which may name customers.
fn changed(before: &RoutingConfig, after: &RoutingConfig) -> Vec<String> {
    // Every value of a config has a JSON form.
    let json = |config: &RoutingConfig| serde_json::to_value(config).unwrap_or_default();
    let mut paths = Vec::new();
    differing("", &json(before), &json(after), &mut paths);
    paths.retain(|path| path != "stage");
    paths
}

fn differing(path: &str, before: &Value, after: &Value, paths: &mut Vec<String>) {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        if before != after {
            paths.push(path.to_owned());
        }
        return;
    };
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let of = |object: &serde_json::Map<String, Value>| object.get(name).cloned().unwrap_or_default();
        differing(&below, &of(old), &of(new), paths);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_by_its_paths_and_never_by_its_values() {
        let before = RoutingConfig::from_toml("stage = \"off\"").unwrap();
        let after = RoutingConfig::from_toml(
            "stage = \"shadow\"\n[cohort]\nallow = [\"smith\"]\nweight = \"1%\"\n[lookups.find]\ntarget = true",
        );
        assert_eq!(changed(&before, &after.unwrap()), ["cohort.allow", "cohort.weight", "lookups.find"]);
        assert!(changed(&before, &before).is_empty());
    }
}
