//! What a content of the file asks for: a step over plain data, with no file and no clock.

use std::path::Path;

use super::error::ConfigFileError;
use crate::route::{Language, RoutingConfig, Stage, read_config};

/// What was read before.
#[derive(Debug)]
pub(super) struct Contents {
    /// The newest content, or what was wrong when it was read.
    newest: Result<String, String>,
    /// The stage that the last content in force named.
    named: Stage,
}

/// What a content asks for.
#[derive(Debug)]
pub(super) enum Asks {
    /// Nothing: it is as it was.
    Nothing,
    /// This config, in the committed stage.
    Config(RoutingConfig),
    /// This config and its stage, which is another one than the file named before.
    Stage(RoutingConfig),
    /// It cannot be meant.
    Refused(ConfigFileError),
}

impl Contents {
    pub(super) const fn new(text: String, named: Stage) -> Self {
        Self { newest: Ok(text), named }
    }

    /// Looks at what was read. A stage is asked for when the file names another one than before: one that stands in the
    /// file from long ago would otherwise undo a rollback at the next change of a weight.
    pub(super) fn next(&mut self, path: &Path, read: Result<String, ConfigFileError>) -> Asks {
        let newest = match &read {
            Ok(text) => Ok(text.clone()),
            Err(error) => Err(error.to_string()),
        };
        if newest == self.newest {
            return Asks::Nothing;
        }
        self.newest = newest;
        match read.and_then(|text| parse(path, &text)) {
            Err(error) => Asks::Refused(error),
            Ok(config) if config.stage == self.named => Asks::Config(config),
            Ok(config) => Asks::Stage(config),
        }
    }

    /// The next content is looked at also if it is as it was.
    pub(super) fn forget(&mut self) {
        self.newest = Err(String::new());
    }

    /// The newest content is in force, and named this stage.
    pub(super) const fn in_force(&mut self, named: Stage) {
        self.named = named;
    }

    pub(super) const fn named(&self) -> Stage {
        self.named
    }
}

/// The config in a text, which has to name a stage.
pub(super) fn parse(path: &Path, text: &str) -> Result<RoutingConfig, ConfigFileError> {
    let bad = |bad| ConfigFileError::Bad { path: path.to_owned(), bad };
    let written = read_config(text, Language::Toml).map_err(bad)?;
    if !written.names_stage {
        return Err(ConfigFileError::NoStage { path: path.to_owned() });
    }
    Ok(written.config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(contents: &mut Contents, text: &str) -> Asks {
        contents.next(Path::new("routing.toml"), Ok(text.to_owned()))
    }

    #[test]
    fn a_stage_is_asked_for_only_when_another_one_is_named() {
        let mut contents = Contents::new("stage = \"live\"".into(), Stage::Live);
        assert!(matches!(next(&mut contents, "stage = \"live\""), Asks::Nothing));
        assert!(matches!(next(&mut contents, "stage = \"live\" # a comment"), Asks::Config(_)));
        assert!(matches!(next(&mut contents, "stage = \"shadow\""), Asks::Stage(_)));
        // It was refused: the next content is again another one than the last in force.
        assert!(matches!(next(&mut contents, "stage = \"shadow\" # again"), Asks::Stage(_)));
        contents.in_force(Stage::Shadow);
        assert!(matches!(next(&mut contents, "stage = \"shadow\""), Asks::Config(_)));
    }

    #[test]
    fn what_was_refused_is_not_looked_at_again_until_it_changes() {
        let mut contents = Contents::new("stage = \"live\"".into(), Stage::Live);
        for text in ["", "stage = \"li", "stage = 1", "[hold]\nmax = \"1s\""] {
            assert!(matches!(next(&mut contents, text), Asks::Refused(_)), "{text}");
            assert!(matches!(next(&mut contents, text), Asks::Nothing), "{text}");
        }
        contents.forget();
        assert!(matches!(next(&mut contents, "[hold]\nmax = \"1s\""), Asks::Refused(_)));
        assert!(matches!(next(&mut contents, "stage = \"live\""), Asks::Config(_)), "the good one came back");
    }

    #[test]
    fn a_file_that_is_gone_is_told_once() {
        let mut contents = Contents::new("stage = \"live\"".into(), Stage::Live);
        let gone = || Err(ConfigFileError::Unreadable { path: "routing.toml".into(), detail: "gone".into() });
        assert!(matches!(contents.next(Path::new(""), gone()), Asks::Refused(_)));
        assert!(matches!(contents.next(Path::new(""), gone()), Asks::Nothing));
    }
}
