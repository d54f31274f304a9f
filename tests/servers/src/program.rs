//! Where the programs of the servers are.

use std::path::{Path, PathBuf};

use crate::Error;

/// The PATH first, then the folders that packages use and a user's PATH often leaves out.
pub(crate) fn find(
    server: &'static str,
    program: &'static str,
    looked_in: Vec<PathBuf>,
) -> Result<PathBuf, Error> {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&on_path)
        .chain(looked_in.iter().cloned())
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
        .ok_or(Error::MissingProgram { server, program, looked_in })
}

/// The entries of a folder whose name contains `part`, the last name first; none when there is no such folder.
pub(crate) fn entries(folder: impl AsRef<Path>, part: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains(part)))
        .collect();
    paths.sort();
    paths.reverse();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_how_to_install_it() {
        let error = find("MariaDB", "mariadbd-of-nobody", vec!["/usr/sbin".into()]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "MariaDB needs the program mariadbd-of-nobody, which is neither on the PATH nor in /usr/sbin: \
             run ./tests/servers/install"
        );
    }
}
