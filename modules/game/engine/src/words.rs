//! The one shape of every closed set of words: an enum with its wire names. Nothing else.

use thiserror::Error;

/// A text that names none of the words of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a {what}")]
pub struct UnknownWord {
    /// What was expected, such as `shape`.
    pub what: &'static str,
}

/// Declares an enum whose variants have one stable name each, with `ALL`, `name`, `Display` and `FromStr`.
macro_rules! words {
    (
        $(#[$outer:meta])*
        pub enum $Name:ident as $what:literal {
            $( $(#[$inner:meta])* $Variant:ident = $word:literal ),+ $(,)?
        }
    ) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $Name { $( $(#[$inner])* $Variant ),+ }

        impl $Name {
            /// Every word of the set, in order.
            pub const ALL: &'static [Self] = &[$(Self::$Variant),+];

            /// The stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$Variant => $word),+ }
            }
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $Name {
            type Err = $crate::words::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$Variant),)+
                    _ => Err($crate::words::UnknownWord { what: $what }),
                }
            }
        }
    };
}
