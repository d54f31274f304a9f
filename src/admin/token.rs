//! The token that callers show.

use std::fmt;

use subtle::ConstantTimeEq;

/// The fewest bytes of a token.
pub const TOKEN_BYTES_MIN: usize = 16;

/// The token that every request has to carry, as `Authorization: Bearer ...`.
///
/// Its text is never shown: not in logs, not by `Debug`.
#[derive(Clone)]
pub struct AdminToken(Box<[u8]>);

/// Why a text is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is too short to be a secret; an unset variable is often the reason.
    #[error("the admin token has {bytes} bytes; {TOKEN_BYTES_MIN} are the fewest: is its variable set?")]
    TooShort {
        /// How many it has.
        bytes: usize,
    },
    /// It has a space or a character that no header can carry, such as the newline at the end of a file.
    #[error("the admin token may have visible ASCII characters only: is there a newline at its end?")]
    NotVisible,
}

impl AdminToken {
    /// A token of at least [`TOKEN_BYTES_MIN`] visible ASCII characters.
    ///
    /// # Errors
    /// When it is shorter, or has other characters.
    pub fn new(text: impl Into<String>) -> Result<Self, TokenError> {
        let text = text.into();
        if text.len() < TOKEN_BYTES_MIN {
            return Err(TokenError::TooShort { bytes: text.len() });
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::NotVisible);
        }
        Ok(Self(text.into_bytes().into_boxed_slice()))
    }

    /// Whether this is the token, in a time that tells no more than its length.
    pub(super) fn is(&self, shown: &[u8]) -> bool {
        self.0.ct_eq(shown).into()
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_anybody_could_guess_is_refused() {
        assert_eq!(AdminToken::new("").unwrap_err(), TokenError::TooShort { bytes: 0 });
        assert_eq!(AdminToken::new("a".repeat(15)).unwrap_err(), TokenError::TooShort { bytes: 15 });
        assert_eq!(AdminToken::new("correct-horse-battery\n").unwrap_err(), TokenError::NotVisible);
    }

    #[test]
    fn only_the_token_is_the_token_and_it_is_not_shown() {
        let token = AdminToken::new("correct-horse-battery").unwrap();
        assert!(token.is(b"correct-horse-battery"));
        for wrong in ["", "correct-horse-batterY", "correct-horse-batter", "correct-horse-battery-"] {
            assert!(!token.is(wrong.as_bytes()), "{wrong}");
        }
        assert_eq!(format!("{token:?}"), "AdminToken");
    }
}
