//! Who someone is and what a role may do. The whole permission matrix stands here, so that it can be read at once.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::{AccountId, PersonId, SessionId};
use crate::time::Timestamp;

/// A word that is not one of a closed set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a known {0}")]
pub struct UnknownWord(pub &'static str);

/// Declares an enum whose cases have one fixed spelling each, for the wire and for storage alike.
#[macro_export]
macro_rules! words {
    ($(#[$meta:meta])* $vis:vis enum $name:ident as $what:literal { $($(#[$case_meta:meta])* $case:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name { $($(#[$case_meta])* $case),+ }

        impl $name {
            /// Every case, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$case),+];
            /// The fixed spelling.
            #[must_use]
            pub const fn as_str(self) -> &'static str { match self { $(Self::$case => $word),+ } }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }
        impl std::str::FromStr for $name {
            type Err = $crate::access::UnknownWord;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text { $($word => Ok(Self::$case),)+ _ => Err($crate::access::UnknownWord($what)) }
            }
        }
        impl $crate::serde::Serialize for $name {
            fn serialize<S: $crate::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        impl<'de> $crate::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as $crate::serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err($crate::serde::de::Error::custom)
            }
        }
    };
}

words! {
    /// What kind of account signs in (DOMAIN.md 1).
    pub enum AccountType as "account type" {
        /// Someone who plays without a distributor.
        Player = "player",
        /// Someone who came through an invite.
        Customer = "customer",
        /// Provisioned by staff; invites customers.
        Distributor = "distributor",
        /// Works in the console.
        Staff = "staff",
    }
}

words! {
    /// A role. Players, customers and distributors have the one of their account type; staff have a set.
    pub enum Role as "role" {
        /// Plays.
        Player = "player",
        /// Plays, and belongs to a distributor.
        Customer = "customer",
        /// Invites customers.
        Distributor = "distributor",
        /// Works the moderation queue.
        Moderator = "moderator",
        /// The second pair of eyes.
        Approver = "approver",
        /// Runs legal matters.
        Legal = "legal",
        /// Helps people sign in.
        Support = "support",
        /// Checks the others; never writes.
        Auditor = "auditor",
        /// Runs the system.
        Admin = "admin",
    }
}

impl Role {
    /// Whether this is one of the staff roles.
    #[must_use]
    pub const fn is_staff(self) -> bool {
        !matches!(self, Self::Player | Self::Customer | Self::Distributor)
    }

    const fn bit(self) -> u16 {
        1 << (self as u8)
    }
}

words! {
    /// What a route may ask of its caller: `resource:action`.
    pub enum Permission as "permission" {
        /// Read one's own profile.
        ProfileRead = "profile:read",
        /// List and end one's own sessions, sign out.
        SessionManage = "session:manage",
        /// Open a live socket.
        LiveConnect = "live:connect",
        /// Ask for a distributor to be provisioned.
        DistributorRequest = "distributor:request",
        /// Approve or reject such a request.
        DistributorApprove = "distributor:approve",
        /// Read distributors and their provisioning.
        DistributorRead = "distributor:read",
        /// Suspend or resume a distributor or any other account.
        AccountSuspend = "account:suspend",
        /// Read the standing of any account.
        AccountRead = "account:read",
        /// Create staff accounts.
        StaffCreate = "staff:create",
        /// Grant a role to a staff account.
        RoleGrant = "role:grant",
        /// Create, list, re-send and revoke one's own invites.
        InviteManage = "invite:manage",
        /// Redeem an invite while signed in.
        InviteRedeem = "invite:redeem",
        /// Read relationships one is part of.
        RelationshipRead = "relationship:read",
        /// Suspend, resume or end one's own relationship, or mark one's own customer as VIP.
        RelationshipManage = "relationship:manage",
        /// Ask whether a pair one is part of is entitled.
        EntitlementRead = "entitlement:read",
        /// Block another person.
        BlockManage = "block:manage",
        /// Send, answer and list game invites.
        GameInvite = "game:invite",
        /// Play in one's own games.
        GamePlay = "game:play",
        /// Read one's own games, scores and history.
        GameRead = "game:read",
    }
}

impl Permission {
    /// The roles that carry this permission. A service carries what its credential lists instead.
    #[must_use]
    pub const fn holders(self) -> &'static [Role] {
        use Role::{Admin, Approver, Auditor, Customer, Distributor, Legal, Moderator, Player, Support};
        const EVERYONE: &[Role] =
            &[Player, Customer, Distributor, Moderator, Approver, Legal, Support, Auditor, Admin];
        const PLAYERS: &[Role] = &[Player, Customer, Distributor];
        match self {
            Self::ProfileRead | Self::SessionManage | Self::LiveConnect => EVERYONE,
            Self::DistributorRequest | Self::StaffCreate | Self::RoleGrant | Self::AccountSuspend => &[Admin],
            Self::DistributorApprove => &[Approver],
            Self::DistributorRead => &[Admin, Approver, Auditor, Support],
            Self::AccountRead => &[Admin, Approver, Auditor, Support, Moderator],
            Self::InviteManage => &[Distributor],
            // A customer may ask too, and is told precisely that it belongs to a distributor already.
            Self::InviteRedeem => &[Player, Customer],
            Self::RelationshipManage => &[Customer, Distributor],
            // Players too: who has just redeemed carries a player's token until its next refresh.
            Self::RelationshipRead
            | Self::EntitlementRead
            | Self::BlockManage
            | Self::GameInvite
            | Self::GamePlay
            | Self::GameRead => PLAYERS,
        }
    }
}

/// A set of roles.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Roles(u16);

impl Roles {
    /// No role at all.
    pub const NONE: Self = Self(0);

    /// Whether `role` is in the set.
    #[must_use]
    pub const fn has(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    /// The set with `role` in it.
    #[must_use]
    pub const fn with(self, role: Role) -> Self {
        Self(self.0 | role.bit())
    }

    /// The set without `role`.
    #[must_use]
    pub const fn without(self, role: Role) -> Self {
        Self(self.0 & !role.bit())
    }

    /// The roles, in their declared order.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.iter().copied().filter(move |role| self.has(*role))
    }

    /// Whether any of these roles carries `permission`.
    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        permission.holders().iter().any(|role| self.has(*role))
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        roles.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Display for Roles {
    /// Space-separated, as OAuth scopes are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.iter().map(Role::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl FromStr for Roles {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        text.split_whitespace().map(Role::from_str).collect()
    }
}

impl Serialize for Roles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Roles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Role>::deserialize(deserializer).map(Self::from_iter)
    }
}

/// A verified caller. Only identity makes one; everybody else receives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// The account that signed in.
    pub account: AccountId,
    /// The human being behind it; two accounts of one person never approve each other.
    pub person: PersonId,
    /// The session the token belongs to.
    pub session: SessionId,
    /// What kind of account it is.
    pub account_type: AccountType,
    /// Its roles.
    pub roles: Roles,
    /// When the presented credential ends.
    pub expires_at: Timestamp,
    /// When the person last proved a credential.
    pub auth_time: Timestamp,
}

impl Principal {
    /// Whether the principal's roles carry `permission`.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.roles.may(permission)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_roles_reads_back_as_it_was_written() {
        let roles: Roles = [Role::Admin, Role::Approver].into_iter().collect();
        assert_eq!(roles.to_string(), "approver admin");
        assert_eq!("approver admin".parse(), Ok(roles));
        assert_eq!(serde_json::to_string(&roles).unwrap(), r#"["approver","admin"]"#);
        assert!("emperor".parse::<Roles>().is_err());
        assert!(!roles.without(Role::Admin).has(Role::Admin));
    }

    #[test]
    fn nobody_holds_both_sides_of_an_approval() {
        for role in Role::ALL {
            let roles = Roles::NONE.with(*role);
            assert!(
                !(roles.may(Permission::DistributorRequest) && roles.may(Permission::DistributorApprove))
            );
        }
    }

    #[test]
    fn an_auditor_carries_no_permission_that_changes_others() {
        let auditor = Roles::NONE.with(Role::Auditor);
        let writes = Permission::ALL
            .iter()
            .filter(|permission| auditor.may(**permission) && !permission.as_str().ends_with(":read"));
        assert_eq!(
            writes.copied().collect::<Vec<_>>(),
            [Permission::SessionManage, Permission::LiveConnect],
            "only its own session"
        );
    }
}
