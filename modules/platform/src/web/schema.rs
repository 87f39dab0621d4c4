//! Schemas for the API document. Kernel types cannot describe themselves (the kernel knows no web), so wire types point
//! at their stand-ins here: `#[schema(value_type = schema::AccountId)] account_id: AccountId`.

use std::borrow::Cow;

use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{RefOr, path::ParameterIn};
use utoipa::{IntoParams, PartialSchema, ToSchema};

type Named = (String, RefOr<Schema>);

/// How to ask a wire type for its schema, without its type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SchemaSource {
    pub(crate) name: fn() -> Cow<'static, str>,
    pub(crate) schema: fn() -> RefOr<Schema>,
    pub(crate) parts: fn(&mut Vec<Named>),
}

impl SchemaSource {
    pub(crate) fn of<T: ToSchema>() -> Self {
        Self { name: T::name, schema: T::schema, parts: T::schemas }
    }
}

/// How to ask a query type for its parameters, without its type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameters(pub(crate) fn() -> Vec<Parameter>);

impl Parameters {
    pub(crate) fn of<T: IntoParams>() -> Self {
        Self(|| T::into_params(|| Some(ParameterIn::Query)))
    }
}

/// The schema of a typed id with the given prefix.
#[doc(hidden)]
pub fn id_schema(prefix: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .pattern(Some(format!("^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$")))
        .examples([format!("{prefix}_01k9z3v7q8f4r2m5n6p7s8t9va")])
        .into()
}

/// The schema of a closed set of words.
#[doc(hidden)]
pub fn word_schema(words: impl Iterator<Item = &'static str>) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .enum_values(Some(words.collect::<Vec<_>>()))
        .into()
}

/// Declares schema stand-ins for typed ids: `id_schemas!(InviteId: kernel::id::InviteId);`.
#[macro_export]
macro_rules! id_schemas {
    ($($(#[$meta:meta])* $name:ident: $id:ty;)+) => {$(
        $(#[$meta])*
        #[derive(Debug)]
        pub enum $name {}

        impl $crate::web::schema::macros::PartialSchema for $name {
            fn schema() -> $crate::web::schema::macros::RefOr<$crate::web::schema::macros::Schema> {
                $crate::web::schema::id_schema(<$id as ::kernel::TypedId>::PREFIX)
            }
        }
        impl $crate::web::schema::macros::ToSchema for $name {
            fn name() -> ::std::borrow::Cow<'static, str> { stringify!($name).into() }
        }
    )+};
}

/// Declares a schema stand-in for a kernel `words!` enum: `word_schema!(Suit: engine::Suit);` makes a type `Suit` that
/// wire types name in `#[schema(value_type = ...)]`. The component is called as the stand-in is.
#[macro_export]
macro_rules! word_schema {
    ($($(#[$meta:meta])* $name:ident: $words:ty);+ $(;)?) => {$(
        $(#[$meta])*
        #[doc = concat!("Schema of the words of `", stringify!($words), "`.")]
        #[derive(Debug)]
        #[allow(unreachable_pub, reason = "the caller decides how far it is seen")]
        pub enum $name {}

        impl $crate::web::schema::macros::PartialSchema for $name {
            fn schema() -> $crate::web::schema::macros::RefOr<$crate::web::schema::macros::Schema> {
                $crate::web::schema::word_schema(<$words>::ALL.iter().map(|word| word.as_str()))
            }
        }
        impl $crate::web::schema::macros::ToSchema for $name {
            fn name() -> ::std::borrow::Cow<'static, str> { stringify!($name).into() }
        }
    )+};
}

/// What the macros here name.
#[doc(hidden)]
pub mod macros {
    pub use utoipa::openapi::RefOr;
    pub use utoipa::openapi::schema::Schema;
    pub use utoipa::{PartialSchema, ToSchema};
}

id_schemas! {
    /// A human being.
    PersonId: kernel::id::PersonId;
    /// An account.
    AccountId: kernel::id::AccountId;
    /// A signed-in session.
    SessionId: kernel::id::SessionId;
    /// A request to provision a distributor.
    ProvisioningId: kernel::id::ProvisioningId;
    /// A distributor's invite.
    InviteId: kernel::id::InviteId;
    /// One redemption of an invite.
    RedemptionId: kernel::id::RedemptionId;
    /// A relationship.
    RelationshipId: kernel::id::RelationshipId;
    /// An answer about an entitlement.
    DecisionId: kernel::id::DecisionId;
    /// An invite to a game.
    GameInviteId: kernel::id::GameInviteId;
    /// Two people whom the queue has brought together.
    PairingId: kernel::id::PairingId;
    /// A game.
    GameId: kernel::id::GameId;
}

word_schema! {
    AccountType: kernel::AccountType;
    Role: kernel::Role;
    Permission: kernel::Permission;
}

/// An instant: RFC 3339 in UTC, to the microsecond.
#[derive(Debug)]
pub enum Time {}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples(["2026-11-20T17:06:15.123456Z"])
            .into()
    }
}

impl ToSchema for Time {
    fn name() -> Cow<'static, str> {
        "Time".into()
    }
}
