//! Reading a config from a text that comes from outside: says where it is wrong, and whether it names a stage.

use super::config::{ConfigError, RoutingConfig};

/// The longest text of a config that is read from a file or over HTTP, in bytes.
pub const CONFIG_BYTES_MAX: usize = 4 * 1024 * 1024;

/// In which language a config is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Toml,
    #[cfg(feature = "admin")]
    Json,
}

/// A config as it was written.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) config: RoutingConfig,
    /// Whether it names a stage; one that does not would mean `off`.
    pub(crate) names_stage: bool,
}

/// Where a config cannot be meant, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", at(.path))]
#[non_exhaustive]
pub struct BadConfig {
    /// The setting, for example `cohort.weight`; empty when the text as a whole cannot be read.
    pub path: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

fn at(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("`{path}`: ") }
}

/// Reads and checks a config. The texts of its errors quote no more than the value that is wrong.
pub(crate) fn read(text: &str, language: Language) -> Result<Written, BadConfig> {
    let written = match language {
        Language::Toml => from_toml(text)?,
        #[cfg(feature = "admin")]
        Language::Json => from_json(text)?,
    };
    written.config.check().map_err(|error| match error {
        ConfigError::Value { path, problem } => BadConfig { path: path.into(), reason: problem },
        ConfigError::Syntax(reason) => BadConfig { path: String::new(), reason },
    })?;
    Ok(written)
}

fn from_toml(text: &str) -> Result<Written, BadConfig> {
    let syntax = |error: &toml::de::Error| {
        let line =
            error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
        format!("{} (line {line})", error.message())
    };
    let whole = |error: toml::de::Error| BadConfig { path: String::new(), reason: syntax(&error) };
    let table: toml::Table = toml::from_str(text).map_err(whole)?;
    let config = serde_path_to_error::deserialize(toml::Deserializer::parse(text).map_err(whole)?)
        .map_err(|error| BadConfig { path: error.path().to_string(), reason: syntax(error.inner()) })?;
    Ok(Written { config, names_stage: table.contains_key("stage") })
}

#[cfg(feature = "admin")]
fn from_json(text: &str) -> Result<Written, BadConfig> {
    let whole = |error: serde_json::Error| BadConfig { path: String::new(), reason: error.to_string() };
    let value: serde_json::Value = serde_json::from_str(text).map_err(whole)?;
    let config = serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text))
        .map_err(|error| BadConfig { path: error.path().to_string(), reason: error.inner().to_string() })?;
    Ok(Written { config, names_stage: value.get("stage").is_some() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(toml: &str) -> (String, String) {
        let bad = read(toml, Language::Toml).unwrap_err();
        (bad.path, bad.reason)
    }

    #[test]
    fn the_path_of_what_is_wrong_is_named() {
        for (toml, path, reason) in [
            ("[cohort]\nwieght = \"1%\"", "cohort.wieght", "unknown field"),
            ("[cohort]\nweight = \"101%\"", "cohort.weight", "no percentage"),
            ("[hold]\nmax = \"10m\"", "hold.max", "1ms to 60s"),
            ("[[cohort.rules]]\nattribute = \"a\"\nvalues = [1]", "cohort.rules[0].values[0]", "line 3"),
            ("stage = ", "", "line 1"),
        ] {
            let (at, why) = wrong(toml);
            assert_eq!(at, path, "{why}");
            assert!(why.contains(reason), "{why}");
        }
    }

    #[test]
    fn a_wrong_line_does_not_show_its_neighbours() {
        let (_, why) = wrong("[cohort]\nallow = [\"smith\", \"jones\", 3]");
        assert!(!why.contains("smith") && !why.contains("jones"), "{why}");
    }

    #[test]
    fn whether_a_stage_is_named_is_known() {
        assert!(!read("", Language::Toml).unwrap().names_stage);
        assert!(!read("[cohort]\nsalt = \"stage\"", Language::Toml).unwrap().names_stage);
        assert!(read("stage = \"off\"", Language::Toml).unwrap().names_stage);
    }

    #[cfg(feature = "admin")]
    #[test]
    fn json_is_read_as_toml_is() {
        let written =
            read("{\"stage\": \"live\", \"cohort\": {\"weight\": \"5%\"}}", Language::Json).unwrap();
        assert!(written.names_stage);
        assert_eq!(written.config.cohort.weight.to_string(), "5%");
        let bad = read("{\"cohort\": {\"weight\": 5}}", Language::Json).unwrap_err();
        assert_eq!(bad.path, "cohort.weight");
    }
}
