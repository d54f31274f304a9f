//! What a content of the file asks for: a step over plain data, with no file and no clock.

use std::path::Path;

use super::error::ConfigFileError;
use crate::route::{Language, RoutingConfig, Stage, read_config};

/// What was read before.
#[derive(Debug)]
pub(super) struct Contents {
    /// The newest content, or what was wrong when it was read.
    newest: Result<String, String>,
    /// The last content in force.
    good: String,
    /// Whether somebody has asked for the next content to be taken as it is.
    asked: bool,
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
    pub(super) fn new(text: String, named: Stage) -> Self {
        Self { newest: Ok(text.clone()), good: text, asked: false, named }
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
        let asked = std::mem::take(&mut self.asked);
        if !asked && self.is_cut_off() {
            return Asks::Refused(ConfigFileError::CutOff { path: path.to_owned() });
        }
        match read.and_then(|text| parse(path, &text)) {
            Err(error) => Asks::Refused(error),
            Ok(config) if config.stage == self.named => Asks::Config(config),
            Ok(config) => Asks::Stage(config),
        }
    }

    /// A file that ends in the midst of a line of what it was may be a whole config, with the defaults for the rest; nobody
    /// has meant it. Whoever takes its last lines away leaves whole ones.
    fn is_cut_off(&self) -> bool {
        let cut = |text: &String| {
            let begins_alike = text.len() < self.good.len() && self.good.starts_with(text.as_str());
            begins_alike && !text.is_empty() && !text.ends_with('\n') && self.good.ends_with('\n')
        };
        self.newest.as_ref().is_ok_and(cut)
    }

    /// The next content is looked at also if it is as it was, and is meant as it is.
    pub(super) fn forget(&mut self) {
        self.newest = Err(String::new());
        self.asked = true;
    }

    /// The newest content is in force, and named this stage.
    pub(super) fn in_force(&mut self, named: Stage) {
        self.named = named;
        if let Ok(text) = &self.newest {
            self.good.clone_from(text);
        }
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
    fn a_file_that_was_cut_off_in_a_line_is_refused_unless_it_is_asked_for() {
        let whole = "stage = \"live\"\n# the slow one\n[late_bound]\nlegacy = \"120s\"\n";
        let cut = "stage = \"live\"\n# the sl";
        let mut contents = Contents::new(whole.into(), Stage::Live);
        assert!(matches!(next(&mut contents, cut), Asks::Refused(ConfigFileError::CutOff { .. })));
        assert!(matches!(next(&mut contents, cut), Asks::Nothing));
        // Whole lines that were taken away are meant.
        assert!(matches!(next(&mut contents, "stage = \"live\"\n"), Asks::Config(_)));
        contents.in_force(Stage::Live);
        let mut contents = Contents::new(whole.into(), Stage::Live);
        contents.forget();
        assert!(matches!(next(&mut contents, cut), Asks::Config(_)));
    }

    #[test]
    fn a_file_that_is_gone_is_told_once() {
        let mut contents = Contents::new("stage = \"live\"".into(), Stage::Live);
        let gone = || Err(ConfigFileError::Unreadable { path: "routing.toml".into(), detail: "gone".into() });
        assert!(matches!(contents.next(Path::new(""), gone()), Asks::Refused(_)));
        assert!(matches!(contents.next(Path::new(""), gone()), Asks::Nothing));
    }
}
