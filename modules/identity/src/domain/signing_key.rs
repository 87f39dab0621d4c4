//! The life of a signing key: `next -> active -> retiring -> gone`. One key is active, one is announced before its use.

use std::time::Duration;

use kernel::Timestamp;

kernel::words! {
    /// Where a key stands.
    pub(crate) enum KeyState as "key state" {
        /// Published, not used yet.
        Next = "next",
        /// Signs.
        Active = "active",
        /// Only verifies what it signed.
        Retiring = "retiring",
        /// Its private half is destroyed; it verifies nothing.
        Gone = "gone",
    }
}

kernel::words! {
    /// How a key signs, by its JOSE name.
    pub(crate) enum Algorithm as "signing algorithm" {
        /// ECDSA on P-256 with SHA-256.
        Es256 = "ES256",
        /// Ed25519.
        EdDsa = "EdDSA",
    }
}

/// What deciding a rotation needs to know of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyStanding {
    pub(crate) kid: String,
    pub(crate) state: KeyState,
    /// When it entered that state.
    pub(crate) since: Timestamp,
}

/// A change to the ring. Steps are carried out in order, in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyStep {
    /// Move a key to a state.
    Move(String, KeyState),
    /// Make a new key in this state.
    Make(KeyState),
}

/// Why the ring is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// Start or the regular job: rotate only a key older than this.
    Routine(Duration),
    /// Somebody asked for it.
    Command,
}

/// What to do. `retire_for` is how long a retiring key still verifies; longer than any token lives.
pub(crate) fn plan(
    keys: &[KeyStanding],
    occasion: Occasion,
    retire_for: Duration,
    now: Timestamp,
) -> Vec<KeyStep> {
    let in_state = |state| keys.iter().find(move |key| key.state == state);
    let mut steps: Vec<KeyStep> = keys
        .iter()
        .filter(|key| key.state == KeyState::Retiring && now.since(key.since) >= retire_for)
        .map(|key| KeyStep::Move(key.kid.clone(), KeyState::Gone))
        .collect();
    let due = match (in_state(KeyState::Active), occasion) {
        (None, _) | (Some(_), Occasion::Command) => true,
        (Some(active), Occasion::Routine(every)) => now.since(active.since) >= every,
    };
    if due {
        if let Some(active) = in_state(KeyState::Active) {
            steps.push(KeyStep::Move(active.kid.clone(), KeyState::Retiring));
        }
        match in_state(KeyState::Next) {
            Some(next) => steps.push(KeyStep::Move(next.kid.clone(), KeyState::Active)),
            None => steps.push(KeyStep::Make(KeyState::Active)),
        }
        steps.push(KeyStep::Make(KeyState::Next));
    } else if in_state(KeyState::Next).is_none() {
        steps.push(KeyStep::Make(KeyState::Next));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTH: Duration = Duration::from_hours(720);
    const HOUR: Duration = Duration::from_hours(1);

    fn key(kid: &str, state: KeyState, since: i64) -> KeyStanding {
        KeyStanding { kid: kid.to_owned(), state, since: Timestamp::from_seconds(since) }
    }

    fn planned(keys: &[KeyStanding], occasion: Occasion, now: i64) -> Vec<KeyStep> {
        plan(keys, occasion, HOUR, Timestamp::from_seconds(now))
    }

    #[test]
    fn an_empty_ring_gets_an_active_key_and_the_next() {
        let steps = planned(&[], Occasion::Routine(MONTH), 0);
        assert_eq!(steps, [KeyStep::Make(KeyState::Active), KeyStep::Make(KeyState::Next)]);
    }

    #[test]
    fn a_young_key_is_left_alone_until_somebody_asks() {
        let ring = [key("a", KeyState::Active, 0), key("b", KeyState::Next, 0)];
        assert_eq!(planned(&ring, Occasion::Routine(MONTH), 60), []);
        let rotated = [
            KeyStep::Move("a".to_owned(), KeyState::Retiring),
            KeyStep::Move("b".to_owned(), KeyState::Active),
            KeyStep::Make(KeyState::Next),
        ];
        assert_eq!(planned(&ring, Occasion::Command, 60), rotated);
        assert_eq!(planned(&ring, Occasion::Routine(MONTH), 31 * 86_400), rotated);
    }

    #[test]
    fn a_retiring_key_goes_when_nothing_it_signed_can_be_alive() {
        let ring =
            [key("a", KeyState::Active, 0), key("b", KeyState::Next, 0), key("old", KeyState::Retiring, 0)];
        assert_eq!(planned(&ring, Occasion::Routine(MONTH), 3_599), []);
        assert_eq!(
            planned(&ring, Occasion::Routine(MONTH), 3_600),
            [KeyStep::Move("old".to_owned(), KeyState::Gone)]
        );
    }
}
