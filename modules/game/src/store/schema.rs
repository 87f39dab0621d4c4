//! The tables of game as diesel sees them.

diesel::table! {
    use platform::sql::prelude::*;
    game_invites (id) {
        id -> Uid,
        game -> Uid,
        creator -> Uid,
        invitee -> Uid,
        rules -> Text,
        commitment -> Binary,
        entropy -> Nullable<Binary>,
        entropy_rev -> Integer,
        rematch_of -> Nullable<Uid>,
        rated -> Bool,
        state -> Text,
        reason -> Nullable<Text>,
        created_at -> Instant,
        expires_at -> Instant,
        closed_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    game_seeds (game) {
        game -> Uid,
        sealed -> Binary,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    games (id) {
        id -> Uid,
        first_player -> Uid,
        second_player -> Uid,
        rules -> Text,
        rematch_of -> Nullable<Uid>,
        rated -> Bool,
        status -> Text,
        winner -> Nullable<SmallInt>,
        reason -> Nullable<Text>,
        rounds -> BigInt,
        first_points -> BigInt,
        second_points -> BigInt,
        first_wins -> BigInt,
        second_wins -> BigInt,
        last_seq -> Nullable<BigInt>,
        started_at -> Instant,
        ended_at -> Nullable<Instant>,
        voided_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    journal (game, seq) {
        game -> Uid,
        seq -> BigInt,
        at -> Instant,
        body -> Text,
        seat -> Nullable<SmallInt>,
        cid -> Nullable<Uid>,
        act -> Nullable<Text>,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    running_games (game) {
        game -> Uid,
        seq -> BigInt,
        due_at -> Nullable<Instant>,
        practice_since -> Nullable<Instant>,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    participants (account, game) {
        account -> Uid,
        game -> Uid,
        seat -> SmallInt,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    pair_scores (low, high) {
        low -> Uid,
        high -> Uid,
        low_wins -> BigInt,
        high_wins -> BigInt,
        drawn -> BigInt,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    pair_families (low, high, family) {
        low -> Uid,
        high -> Uid,
        family -> Text,
        low_wins -> BigInt,
        high_wins -> BigInt,
        drawn -> BigInt,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    unrated_games (game) {
        game -> Uid,
        ended_at -> Instant,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    ratings (account, family) {
        account -> Uid,
        family -> Text,
        entries -> BigInt,
        rating -> Double,
        deviation -> Double,
        volatility -> Double,
        played_at -> Instant,
        established_until -> Nullable<Instant>,
        wins -> BigInt,
        losses -> BigInt,
        draws -> BigInt,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    rating_entries (account, family, number) {
        account -> Uid,
        family -> Text,
        number -> BigInt,
        game -> Uid,
        kind -> Text,
        result -> Text,
        rating_before -> Double,
        rating_after -> Double,
        deviation -> Double,
        volatility -> Double,
        opponent -> Uid,
        opponent_rating -> Double,
        opponent_deviation -> Double,
        at -> Instant,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    pairings (id) {
        id -> Uid,
        game -> Uid,
        first_player -> Uid,
        second_player -> Uid,
        rules -> Text,
        rated -> Bool,
        commitment -> Binary,
        first_yes_at -> Nullable<Instant>,
        first_entropy -> Nullable<Binary>,
        second_yes_at -> Nullable<Instant>,
        second_entropy -> Nullable<Binary>,
        rev -> Integer,
        state -> Text,
        created_at -> Instant,
        expires_at -> Instant,
        closed_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    queue_entries (account) {
        account -> Uid,
        rules -> Text,
        rated -> Bool,
        pool -> Binary,
        circle -> Uid,
        rating -> Integer,
        since -> Instant,
        seen_until -> Instant,
        pairing -> Nullable<Uid>,
        seat -> Nullable<SmallInt>,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    play_preferences (account) {
        account -> Uid,
        version -> BigInt,
        presence -> Text,
        quiet_from -> Nullable<SmallInt>,
        quiet_to -> Nullable<SmallInt>,
        quiet_zone -> Nullable<Text>,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    online_leases (account, node) {
        account -> Uid,
        node -> Uid,
        seen_until -> Instant,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    seat_leases (game, seat, node) {
        game -> Uid,
        seat -> SmallInt,
        node -> Uid,
        held -> Bool,
        seen_until -> Instant,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    nodes (id) {
        id -> Uid,
        alive_at -> Instant,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    play_restrictions (account) {
        account -> Uid,
        until -> Instant,
        reason -> Text,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    reconnect_tokens (mac) {
        mac -> Binary,
        game -> Uid,
        seat -> SmallInt,
        account -> Uid,
        session -> Uid,
        expires_at -> Instant,
    }
}

diesel::table! {
    use platform::sql::prelude::*;
    spectators (game, account) {
        game -> Uid,
        account -> Uid,
        proposed_by -> Uid,
        state -> Text,
        proposed_at -> Instant,
        changed_at -> Instant,
    }
}

diesel::allow_tables_to_appear_in_same_query!(games, participants, game_seeds, running_games, spectators);
diesel::allow_tables_to_appear_in_same_query!(queue_entries, pairings);
diesel::allow_tables_to_appear_in_same_query!(online_leases, play_preferences);
