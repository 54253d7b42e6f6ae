//! Names of closed choices, both ways from one table: what is written is read back.

/// Names of the variants of an enum. Within its `impl`, as `ALL`, `name` and `from_name`;
/// beside it, as two functions.
macro_rules! named {
    (Self { $($variant:ident = $name:literal),* $(,)? }) => {
        /// Every one, in order.
        pub const ALL: &[Self] = &[$(Self::$variant),*];

        /// The name in records and metrics.
        #[must_use]
        pub const fn name(self) -> &'static str {
            match self {
                $(Self::$variant => $name,)*
            }
        }

        /// The one of this name.
        #[must_use]
        pub fn from_name(name: &str) -> Option<Self> {
            match name {
                $($name => Some(Self::$variant),)*
                _ => None,
            }
        }
    };
    (
        $(#[$doc:meta])*
        $of:ident, $from:ident: $choice:ident { $($variant:ident = $name:literal),* $(,)? }
    ) => {
        $(#[$doc])*
        #[must_use]
        pub const fn $of(choice: $choice) -> &'static str {
            match choice {
                $($choice::$variant => $name,)*
            }
        }

        #[doc = concat!("The inverse of [`", stringify!($of), "`].")]
        #[must_use]
        pub fn $from(name: &str) -> Option<$choice> {
            match name {
                $($name => Some($choice::$variant),)*
                _ => None,
            }
        }
    };
}

pub(crate) use named;
