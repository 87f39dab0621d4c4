//! Identity's tables as diesel sees them. The constraints stand in the migrations.

diesel::table! {
    use platform::sql::prelude::*;
    persons (id) {
        id -> Uid, moderator -> Bool, approver -> Bool, legal -> Bool, support -> Bool, auditor -> Bool, admin -> Bool,
        version -> BigInt, created_at -> Instant,
    }
}
diesel::table! {
    use platform::sql::prelude::*;
    bootstrap (singleton) { singleton -> Integer, person_id -> Uid, account_id -> Uid, at -> Instant, version -> BigInt, }
}
diesel::table! {
    use platform::sql::prelude::*;
    accounts (id) {
        id -> Uid, person_id -> Uid, username -> Text, username_key -> Nullable<Text>, email -> Nullable<Text>,
        email_key -> Nullable<Text>, account_type -> Text, status -> Text, suspended_from -> Nullable<Text>,
        standing -> Nullable<Text>, epoch -> BigInt, vip -> Bool, relationship_id -> Nullable<Uid>,
        redemption_id -> Nullable<Uid>, created_at -> Instant, version -> BigInt,
    }
}
diesel::table! {
    use platform::sql::prelude::*;
    credentials (account_id) { account_id -> Uid, phc -> Text, pepper_version -> Integer, changed_at -> Instant, }
}
diesel::table! {
    use platform::sql::prelude::*;
    sessions (id) {
        id -> Uid, account_id -> Uid, generation -> Integer, used_generation -> Integer, rotated_at -> Instant,
        amr -> Text, auth_time -> Instant, device_id -> Nullable<Text>, device_name -> Nullable<Text>,
        user_agent -> Nullable<Text>, created_at -> Instant, last_used_at -> Instant, idle_expires_at -> Instant,
        expires_at -> Instant, ended_at -> Nullable<Instant>, end_reason -> Nullable<Text>,
    }
}
diesel::table! {
    use platform::sql::prelude::*;
    revocations (id) {
        id -> Uid, kind -> Text, account_id -> Uid, session_id -> Nullable<Uid>, epoch -> Nullable<BigInt>, at -> Instant,
    }
}
diesel::table! {
    use platform::sql::prelude::*;
    redemptions (redemption_id) { redemption_id -> Uid, outcome -> Text, account_id -> Nullable<Uid>, decided_at -> Instant, }
}
diesel::table! {
    use platform::sql::prelude::*;
    activation_tokens (mac) {
        mac -> Binary, account_id -> Uid, purpose -> Text, created_at -> Instant, expires_at -> Instant,
        spent_at -> Nullable<Instant>, voided_at -> Nullable<Instant>,
    }
}
diesel::table! {
    use platform::sql::prelude::*;
    live_tickets (mac) {
        mac -> Binary, account_id -> Uid, session_id -> Uid, origin -> Nullable<Text>, created_at -> Instant,
        expires_at -> Instant, spent_at -> Nullable<Instant>,
    }
}
diesel::table! {
    use platform::sql::prelude::*;
    signing_keys (kid) {
        kid -> Text, algorithm -> Text, state -> Text, public_key -> Binary, sealed -> Nullable<Binary>,
        created_at -> Instant, since -> Instant,
    }
}
diesel::table! {
    use platform::sql::prelude::*;
    distributors (account_id) {
        account_id -> Uid, label -> Nullable<Text>, requested_by -> Uid, requested_at -> Instant,
        decided_by -> Nullable<Uid>, decided_at -> Nullable<Instant>, one_person -> Bool, invited_until -> Nullable<Instant>,
    }
}

diesel::joinable!(accounts -> persons (person_id));
diesel::joinable!(distributors -> accounts (account_id));
diesel::joinable!(credentials -> accounts (account_id));
diesel::joinable!(sessions -> accounts (account_id));
diesel::joinable!(activation_tokens -> accounts (account_id));
diesel::allow_tables_to_appear_in_same_query!(
    persons,
    accounts,
    distributors,
    credentials,
    sessions,
    activation_tokens
);
