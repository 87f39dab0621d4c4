//! What somebody chooses about being found: whether its network sees it online, and when it wants quiet.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use kernel::Timestamp;

kernel::words! {
    /// Who sees that somebody is online.
    #[derive(Default)]
    pub(crate) enum PresenceChoice as "presence" {
        /// Nobody; nothing is even kept.
        #[default]
        Off = "off",
        /// Those of one's network whom one may play.
        Network = "network",
    }
}

/// The time zones of the IANA database that is part of the binary: the same everywhere, whatever the machine has.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// No zone's name is longer.
const LONGEST_ZONE: usize = 64;

/// A time of day, to the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TimeOfDay(u16);

/// Why a text is no quiet time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QuietError {
    #[error("a time of day is written HH:MM, from 00:00 to 23:59")]
    NoTime,
    #[error("not a time zone of the IANA database, such as Africa/Lagos")]
    NoZone,
    #[error("from and to are the same")]
    Empty,
}

impl TimeOfDay {
    /// `minutes` after midnight, if that is within a day.
    pub(crate) fn of_minutes(minutes: u16) -> Option<Self> {
        (minutes < 24 * 60).then_some(Self(minutes))
    }

    pub(crate) fn minutes(self) -> u16 {
        self.0
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl FromStr for TimeOfDay {
    type Err = QuietError;
    fn from_str(text: &str) -> Result<Self, QuietError> {
        let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        let (hours, minutes) = text.split_once(':').ok_or(QuietError::NoTime)?;
        let number = |part: &str| part.parse::<u16>().ok().filter(|_| digits(part)).ok_or(QuietError::NoTime);
        let (hours, minutes) = (number(hours)?, number(minutes)?);
        if hours < 24 && minutes < 60 { Ok(Self(hours * 60 + minutes)) } else { Err(QuietError::NoTime) }
    }
}

/// The time of every day in which somebody is not to be disturbed, by the clock on that person's wall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QuietHours {
    from: TimeOfDay,
    to: TimeOfDay,
    zone: TimeZone,
    name: String,
}

impl QuietHours {
    /// From one time of day until another, which may be the next day's, in a zone by its IANA name.
    pub(crate) fn new(from: TimeOfDay, to: TimeOfDay, zone: &str) -> Result<Self, QuietError> {
        if from == to {
            return Err(QuietError::Empty);
        }
        if zone.len() > LONGEST_ZONE {
            return Err(QuietError::NoZone);
        }
        let found = ZONES.get(zone).map_err(|_| QuietError::NoZone)?;
        let name = found.iana_name().ok_or(QuietError::NoZone)?.to_owned();
        Ok(Self { from, to, zone: found, name })
    }

    pub(crate) fn from(&self) -> TimeOfDay {
        self.from
    }

    pub(crate) fn to(&self) -> TimeOfDay {
        self.to
    }

    pub(crate) fn zone(&self) -> &str {
        &self.name
    }

    /// Whether they cover an instant: from the first minute on, up to the last one and not beyond. What the clock on
    /// the wall shows decides, so a night in which clocks change is an hour shorter or longer.
    pub(crate) fn cover(&self, at: Timestamp) -> bool {
        let Ok(instant) = jiff::Timestamp::from_microsecond(at.micros()) else { return false };
        let local = self.zone.to_datetime(instant);
        let (hour, minute) = (u16::try_from(local.hour()), u16::try_from(local.minute()));
        let (Ok(hour), Ok(minute)) = (hour, minute) else { return false };
        let shown = TimeOfDay(hour * 60 + minute);
        if self.from < self.to {
            (self.from..self.to).contains(&shown)
        } else {
            shown >= self.from || shown < self.to
        }
    }
}

/// Everything somebody has chosen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Preferences {
    pub(crate) presence: PresenceChoice,
    pub(crate) quiet: Option<QuietHours>,
}

impl Preferences {
    /// Whether an invite that comes now is not to disturb.
    pub(crate) fn are_quiet(&self, at: Timestamp) -> bool {
        self.quiet.as_ref().is_some_and(|quiet| quiet.cover(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(from: &str, to: &str, zone: &str) -> QuietHours {
        QuietHours::new(from.parse().unwrap(), to.parse().unwrap(), zone).unwrap()
    }

    fn covers(quiet: &QuietHours, at: &str) -> bool {
        quiet.cover(at.parse().unwrap())
    }

    #[test]
    fn quiet_hours_are_a_persons_own_across_midnight_and_within_a_day() {
        let night = hours("22:00", "07:00", "Africa/Lagos");
        for (at, quiet) in [
            ("2026-11-20T20:59:59.999999Z", false),
            ("2026-11-20T21:00:00Z", true),
            ("2026-11-20T23:30:00Z", true),
            ("2026-11-21T05:59:59.999999Z", true),
            ("2026-11-21T06:00:00Z", false),
            ("2026-11-21T12:00:00Z", false),
        ] {
            assert_eq!(covers(&night, at), quiet, "{at}");
        }
        let noon = hours("12:00", "14:00", "Asia/Kathmandu");
        for (at, quiet) in [
            ("2026-11-20T06:14:59Z", false),
            ("2026-11-20T06:15:00Z", true),
            ("2026-11-20T08:14:59Z", true),
            ("2026-11-20T08:15:00Z", false),
        ] {
            assert_eq!(covers(&noon, at), quiet, "{at}");
        }
    }

    #[test]
    fn the_clock_on_the_wall_decides_when_clocks_change() {
        let night = hours("22:00", "02:30", "Europe/Berlin");
        for (at, quiet) in [
            // In spring 02:00 becomes 03:00, so that the night ends with the hour that is not there.
            ("2026-03-29T00:59:59Z", true),
            ("2026-03-29T01:00:00Z", false),
            // In autumn 03:00 becomes 02:00 once more: 02:00 to 02:30 is quiet twice.
            ("2026-10-25T00:29:59Z", true),
            ("2026-10-25T00:30:00Z", false),
            ("2026-10-25T01:00:00Z", true),
            ("2026-10-25T01:29:59Z", true),
            ("2026-10-25T01:30:00Z", false),
            // And the evening before, an hour later by UTC than in summer.
            ("2026-10-24T20:00:00Z", true),
            ("2026-10-25T20:59:59Z", false),
            ("2026-10-25T21:00:00Z", true),
        ] {
            assert_eq!(covers(&night, at), quiet, "{at}");
        }
        let south = hours("23:00", "06:00", "America/Sao_Paulo");
        assert!(covers(&south, "2026-11-21T02:00:00Z") && !covers(&south, "2026-11-21T09:00:00Z"));
    }

    /// Whatever zone and hours: what covers agrees with the minutes of a day counted by hand in that zone.
    #[test]
    fn every_minute_of_a_year_is_covered_as_its_own_clock_says() {
        for zone in ["Africa/Lagos", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"] {
            let tz = ZONES.get(zone).unwrap();
            for (from, to) in [("22:00", "07:00"), ("00:00", "00:01"), ("13:37", "13:36"), ("02:00", "02:59")]
            {
                let quiet = hours(from, to, zone);
                let mut at = "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap();
                for _ in 0..(365 * 24 * 2) {
                    let clock = tz.to_datetime(jiff::Timestamp::from_microsecond(at.micros()).unwrap());
                    let shown = format!("{:02}:{:02}", clock.hour(), clock.minute());
                    let expected = if from < to {
                        from <= shown.as_str() && shown.as_str() < to
                    } else {
                        !(to <= shown.as_str() && shown.as_str() < from)
                    };
                    assert_eq!(quiet.cover(at), expected, "{zone} {from}-{to} {at}");
                    at = at.plus(std::time::Duration::from_mins(30));
                }
            }
        }
    }

    #[test]
    fn what_is_no_time_of_day_and_no_zone_is_refused() {
        for bad in ["", "7:00", "24:00", "12:60", "12-00", "12:000", "+1:00", "12:0a", "١٢:٠٠"] {
            assert_eq!(bad.parse::<TimeOfDay>(), Err(QuietError::NoTime), "{bad}");
        }
        for good in ["00:00", "07:05", "23:59"] {
            assert_eq!(good.parse::<TimeOfDay>().unwrap().to_string(), good);
        }
        let (from, to) = ("22:00".parse().unwrap(), "07:00".parse().unwrap());
        let long = "A".repeat(65);
        for zone in ["", "Nowhere/City", "../etc/passwd", "Africa", &long] {
            assert_eq!(QuietHours::new(from, to, zone), Err(QuietError::NoZone), "{zone}");
        }
        assert_eq!(QuietHours::new(from, from, "UTC"), Err(QuietError::Empty));
        assert_eq!(QuietHours::new(from, to, "africa/lagos").unwrap().zone(), "Africa/Lagos");
    }

    #[test]
    fn nobody_is_seen_and_nothing_is_quiet_unless_somebody_says_so() {
        let nothing = Preferences::default();
        assert_eq!(nothing.presence, PresenceChoice::Off);
        assert!(!nothing.are_quiet("2026-11-20T02:00:00Z".parse().unwrap()));
    }
}
