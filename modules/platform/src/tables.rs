//! The tables of the technical floor, which stand in every context's schema.

diesel::table! {
    use crate::sql::prelude::*;
    outbox_events (id) {
        id -> Uid,
        number -> Nullable<BigInt>,
        kind -> Text,
        aggregate -> Text,
        payload -> Doc,
        at -> Instant,
    }
}
diesel::table! {
    use crate::sql::prelude::*;
    outbox_consumers (consumer) { consumer -> Text, number -> BigInt, heard_at -> Instant, }
}
diesel::table! {
    inbox_cursors (consumer) { consumer -> Text, number -> BigInt, }
}
diesel::table! {
    use crate::sql::prelude::*;
    inbox_parked (consumer, number) {
        consumer -> Text,
        number -> BigInt,
        aggregate -> Text,
        attempts -> BigInt,
        reason -> Text,
        parked_at -> Instant,
        retry_at -> Instant,
    }
}
diesel::table! {
    use crate::sql::prelude::*;
    jobs (name) {
        name -> Text,
        every -> BigInt,
        due_at -> Instant,
        holder -> Nullable<Uid>,
        leased_until -> Nullable<Instant>,
        started_at -> Nullable<Instant>,
        finished_at -> Nullable<Instant>,
        runs -> BigInt,
        failures -> BigInt,
        last_error -> Nullable<Text>,
    }
}
diesel::table! {
    use crate::sql::prelude::*;
    audit_events (id) {
        id -> Uid,
        at -> Instant,
        actor_kind -> Text,
        actor_account -> Nullable<Uid>,
        actor_person -> Nullable<Uid>,
        actor_session -> Nullable<Uid>,
        actor_roles -> Nullable<Text>,
        actor_name -> Nullable<Text>,
        request_id -> Text,
        action -> Text,
        reason -> Nullable<Text>,
        object -> Text,
        digests -> Doc,
        leaf_index -> Nullable<BigInt>,
        leaf_hash -> Nullable<Binary>,
    }
}
diesel::table! {
    use crate::sql::prelude::*;
    idempotency_keys (scope, route, key) {
        scope -> Text,
        route -> Text,
        key -> Text,
        body_digest -> Binary,
        claimed_at -> Instant,
        expires_at -> Instant,
        value -> Nullable<Doc>,
    }
}
diesel::table! {
    use crate::sql::prelude::*;
    notice_heads (account) { account -> Uid, seq -> BigInt, }
}
diesel::table! {
    use crate::sql::prelude::*;
    notices (account, seq) { account -> Uid, seq -> BigInt, kind -> Text, body -> Doc, at -> Instant, }
}

diesel::allow_tables_to_appear_in_same_query!(notices, notice_heads);
