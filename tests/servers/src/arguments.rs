//! What was asked for.

use std::ffi::OsString;

/// Enough for every rule about copies; each takes its 0.6 GB and more.
const NODES_MAX: u8 = 3;

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Arguments {
    pub(crate) mariadb: bool,
    pub(crate) postgres: bool,
    /// How many nodes; none for no Cassandra.
    pub(crate) cassandra: Option<u8>,
    /// Not empty.
    pub(crate) command: Vec<OsString>,
}

impl Arguments {
    /// The command begins at the first word that is no option, or after `--`.
    pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut words = words.into_iter().peekable();
        let mut arguments = Self::default();
        while let Some(option) = words.next_if(|word| word.as_encoded_bytes().starts_with(b"-")) {
            match option.to_str() {
                Some("--") => break,
                Some(option) => arguments.add(option)?,
                None => return Err(format!("{} is no option", option.display())),
            }
        }
        arguments.command = words.collect();
        if arguments.command.is_empty() {
            return Err("a command is missing".into());
        }
        Ok(arguments.or_all())
    }

    fn add(&mut self, option: &str) -> Result<(), String> {
        match option.split_once('=').unwrap_or((option, "1")) {
            ("--mariadb", "1") => self.mariadb = true,
            ("--postgres", "1") => self.postgres = true,
            ("--cassandra", nodes) => self.cassandra = Some(number_of_nodes(nodes)?),
            _ => return Err(format!("{option} is no option")),
        }
        Ok(())
    }

    fn or_all(self) -> Self {
        if self.mariadb || self.postgres || self.cassandra.is_some() {
            return self;
        }
        Self { mariadb: true, postgres: true, cassandra: Some(1), ..self }
    }
}

fn number_of_nodes(nodes: &str) -> Result<u8, String> {
    let number = nodes.parse().ok().filter(|number| (1..=NODES_MAX).contains(number));
    number.ok_or_else(|| format!("--cassandra={nodes}: a number of nodes from 1 to {NODES_MAX} is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &str) -> Result<Arguments, String> {
        Arguments::parse(words.split(' ').map(Into::into))
    }

    #[test]
    fn without_options_all_servers_are_asked_for() {
        let arguments = parsed("cargo test --release").unwrap();
        assert!(arguments.mariadb && arguments.postgres);
        assert_eq!(arguments.cassandra, Some(1));
        assert_eq!(arguments.command, ["cargo", "test", "--release"]);
    }

    #[test]
    fn with_options_only_these_are() {
        let arguments = parsed("--cassandra=3 -- true --mariadb").unwrap();
        assert!(!arguments.mariadb && !arguments.postgres);
        assert_eq!(arguments.cassandra, Some(3));
        assert_eq!(arguments.command, ["true", "--mariadb"]);
    }

    #[test]
    fn what_is_unclear_is_named() {
        assert_eq!(parsed("--mysql true").unwrap_err(), "--mysql is no option");
        assert_eq!(parsed("--mariadb").unwrap_err(), "a command is missing");
        let nodes = parsed("--cassandra=0 true").unwrap_err();
        assert_eq!(nodes, "--cassandra=0: a number of nodes from 1 to 3 is missing");
    }
}
