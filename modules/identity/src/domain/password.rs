//! What a password must be: long enough, not absurdly long, and not one that guessing programs try first. Nothing is
//! asked of its composition.

use secrecy::{ExposeSecret, SecretString};
use zxcvbn::Score;

/// The longest password, in characters. Longer ones only cost work.
pub(crate) const LONGEST: usize = 256;
/// How many characters the guess estimate looks at; its work grows with the square.
const ESTIMATED: usize = 64;

/// Whether a password stands alone or beside a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is the only factor.
    Alone,
    /// A second factor is asked for as well.
    #[cfg_attr(not(test), expect(dead_code, reason = "second factors arrive with their own issue"))]
    WithSecondFactor,
}

impl Standing {
    /// The shortest password, in characters.
    pub(crate) const fn shortest(self) -> usize {
        match self {
            Self::Alone => 15,
            Self::WithSecondFactor => 8,
        }
    }
}

/// Why a password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// Fewer characters than this.
    #[error("the password has fewer than {0} characters")]
    TooShort(usize),
    /// More than [`LONGEST`] characters.
    #[error("the password has more than {LONGEST} characters")]
    TooLong,
    /// Listed among breached passwords, or as easily guessed as those.
    #[error("the password is among those that are tried first")]
    Breached,
}

/// Whether `password` has an acceptable length. Costs nothing.
pub(crate) fn check_length(password: &SecretString, standing: Standing) -> Result<(), Refused> {
    let length = password.expose_secret().chars().take(LONGEST + 1).count();
    if length < standing.shortest() {
        return Err(Refused::TooShort(standing.shortest()));
    }
    if length > LONGEST { Err(Refused::TooLong) } else { Ok(()) }
}

/// Whether `password` is none of those that are tried first. `context` are words of the account itself, such as its
/// username. Costs milliseconds, so it belongs behind the gate.
pub(crate) fn check_guesses(password: &SecretString, context: &[&str]) -> Result<(), Refused> {
    let text = password.expose_secret();
    let end = text.char_indices().nth(ESTIMATED).map_or(text.len(), |(end, _)| end);
    let looked_at = text.get(..end).unwrap_or(text);
    // zxcvbn carries the breached lists; its lowest two scores are what those lists, repeats and runs amount to.
    if zxcvbn::zxcvbn(looked_at, context).score() <= Score::One { Err(Refused::Breached) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(password: &str, standing: Standing) -> Result<(), Refused> {
        let password = SecretString::from(password.to_owned());
        check_length(&password, standing).and_then(|()| check_guesses(&password, &["adaobi"]))
    }

    #[test]
    fn a_password_alone_has_fifteen_characters_and_beside_a_second_factor_eight() {
        assert_eq!(checked("quiet-lagoon-7", Standing::Alone), Err(Refused::TooShort(15)));
        assert_eq!(checked("quiet-lagoon-77", Standing::Alone), Ok(()));
        assert_eq!(checked("quiet-7", Standing::WithSecondFactor), Err(Refused::TooShort(8)));
        assert_eq!(checked("qu!et-7-lag", Standing::WithSecondFactor), Ok(()));
    }

    #[test]
    fn nothing_is_asked_of_its_composition() {
        for good in ["correct horse battery staple", "ọmọ dára lójú ọ̀run", "        x   y  z     "]
        {
            assert_eq!(checked(good, Standing::Alone), Ok(()), "{good:?}");
        }
    }

    #[test]
    fn what_is_tried_first_is_refused_however_long() {
        for bad in [
            "aaaaaaaaaaaaaaaaaaaa",
            "123456789012345678",
            "passwordpassword",
            "password1234567",
            "adaobiadaobiadaobi",
        ] {
            assert_eq!(checked(bad, Standing::Alone), Err(Refused::Breached), "{bad:?}");
        }
    }

    #[test]
    fn the_limit_is_two_hundred_and_fifty_six_characters() {
        let long: String = "quiet lagoon seven ".chars().cycle().take(256).collect();
        assert_eq!(checked(&long, Standing::Alone), Ok(()));
        assert_eq!(checked(&format!("{long}x"), Standing::Alone), Err(Refused::TooLong));
    }
}
