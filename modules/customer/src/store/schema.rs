//! This context's tables as diesel sees them. Column meanings stand in the migrations.

diesel::table! {
    use platform::sql::prelude::*;
    distributors (account) {
        account -> Uid,
        standing -> Text,
        event -> BigInt,
        invites -> BigInt,
        changed_at -> Instant,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    invites (id) {
        id -> Uid,
        distributor -> Uid,
        label -> Nullable<Text>,
        state -> Text,
        code -> Binary,
        codes -> Integer,
        created_at -> Instant,
        expires_at -> Instant,
        redemption -> Nullable<Uid>,
        reserved_until -> Nullable<Instant>,
        reserved_key -> Nullable<Binary>,
        redeemed_by -> Nullable<Uid>,
        redeemed_at -> Nullable<Instant>,
        revoked_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    invite_history (id) {
        id -> Uid,
        invite -> Uid,
        what -> Text,
        at -> Instant,
        actor -> Nullable<Uid>,
        redemption -> Nullable<Uid>,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    relationships (id) {
        id -> Uid,
        distributor -> Uid,
        customer -> Uid,
        state -> Text,
        version -> BigInt,
        invite -> Nullable<Uid>,
        redemption -> Nullable<Uid>,
        started_at -> Instant,
        changed_at -> Instant,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    relationship_history (relationship, version) {
        relationship -> Uid,
        version -> BigInt,
        state -> Text,
        at -> Instant,
        actor -> Nullable<Uid>,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    blocks (blocker, blocked) {
        blocker -> Uid,
        blocked -> Uid,
        at -> Instant,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    drives (id) {
        id -> Uid,
        kind -> Text,
        account -> Uid,
        relationship -> Nullable<Uid>,
        redemption -> Nullable<Uid>,
        cursor -> Nullable<Uid>,
        attempts -> Integer,
        next_at -> Instant,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    distributors,
    invites,
    invite_history,
    relationships,
    relationship_history,
    blocks,
    drives
);
