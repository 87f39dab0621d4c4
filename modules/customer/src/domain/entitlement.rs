//! Who may do what with whom: one pure decision over this context's rows and identity's word (DOMAIN.md 4).
//! Deny is the answer to every doubt.

use customer_api::{Capability, Denial, Standing};
use identity_api::{AccountStanding, AccountStatus, DistributorStanding};
use kernel::id::{AccountId, RelationshipId};

kernel::words! {
    /// Who may play with whom in this deployment (`customer.play_policy`).
    pub enum PlayPolicy as "play policy" {
        /// A distributor and all its customers among themselves.
        Network = "network",
        /// Everybody.
        Anyone = "anyone",
    }
}

/// The deployment's choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) play: PlayPolicy,
    pub(crate) chat_requires_vip: bool,
}

/// One side's active relationship as a customer, if it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tie {
    pub(crate) relationship: RelationshipId,
    pub(crate) version: i64,
    pub(crate) distributor: AccountId,
}

/// What this context's own rows say about a pair, read at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PairFacts {
    /// A block in either direction.
    pub(crate) blocked: bool,
    /// The subject's tie as a customer.
    pub(crate) subject: Option<Tie>,
    /// The object's tie as a customer.
    pub(crate) object: Option<Tie>,
    /// The distributor of the pair, if they are one, is active in our own copy of its standing.
    pub(crate) distributor_active: bool,
}

/// What a decision rests on.
pub(crate) struct Question<'a> {
    pub(crate) subject: AccountId,
    pub(crate) object: AccountId,
    pub(crate) capability: Capability,
    pub(crate) facts: PairFacts,
    /// Identity's answer; `None` when it did not come in time.
    pub(crate) accounts: Option<&'a [AccountStanding]>,
}

impl Question<'_> {
    /// The relationship that joins the two as distributor and customer: its tie and the customer.
    pub(crate) fn pair(&self) -> Option<(Tie, AccountId)> {
        let of = |tie: Option<Tie>, customer, distributor| {
            tie.filter(|tie| tie.distributor == distributor).map(|tie| (tie, customer))
        };
        of(self.facts.subject, self.subject, self.object)
            .or_else(|| of(self.facts.object, self.object, self.subject))
    }

    /// The relationship a decision names.
    pub(crate) fn standing(&self) -> Option<Standing> {
        self.pair().map(|(tie, _)| Standing { relationship: tie.relationship, version: tie.version })
    }

    /// `None` means allowed.
    pub(crate) fn decide(&self, policy: Policy) -> Option<Denial> {
        if self.subject == self.object {
            return Some(Denial::UnknownPair);
        }
        let Some(accounts) = self.accounts else { return Some(Denial::Doubt) };
        let of = |id| accounts.iter().find(|account| account.account == id);
        let (Some(subject), Some(object)) = (of(self.subject), of(self.object)) else {
            return Some(Denial::UnknownPair);
        };
        people(subject, object).or_else(|| self.together(policy, &[subject, object]))
    }

    fn together(&self, policy: Policy, accounts: &[&AccountStanding]) -> Option<Denial> {
        if self.facts.blocked {
            return Some(Denial::Blocked);
        }
        match self.capability {
            Capability::Chat => self.chat(policy, accounts),
            Capability::Play => {
                (policy.play == PlayPolicy::Network && !self.one_network()).then_some(Denial::OtherNetwork)
            }
        }
    }

    fn chat(&self, policy: Policy, accounts: &[&AccountStanding]) -> Option<Denial> {
        let Some((_, customer)) = self.pair() else { return Some(Denial::NoRelationship) };
        if !self.facts.distributor_active {
            return Some(Denial::DistributorInactive);
        }
        let vip = accounts.iter().any(|account| account.account == customer && account.vip);
        (policy.chat_requires_vip && !vip).then_some(Denial::NotVip)
    }

    fn one_network(&self) -> bool {
        let head = |tie: Option<Tie>, account| tie.map_or(account, |tie| tie.distributor);
        head(self.facts.subject, self.subject) == head(self.facts.object, self.object)
    }
}

/// Whether both may act at all.
fn people(subject: &AccountStanding, object: &AccountStanding) -> Option<Denial> {
    let both = [subject, object];
    if both.iter().any(|account| account.status != AccountStatus::Active) {
        Some(Denial::AccountInactive)
    } else if both
        .iter()
        .any(|a| a.distributor.is_some_and(|standing| standing != DistributorStanding::Active))
    {
        Some(Denial::DistributorInactive)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use kernel::id::{PersonId, Uuid};
    use kernel::{AccountType, Roles, Timestamp, TypedId};

    use super::*;

    const POLICY: Policy = Policy { play: PlayPolicy::Network, chat_requires_vip: false };

    fn acc(n: u128) -> AccountId {
        AccountId::from_uuid(Uuid::from_u128(n))
    }

    fn account(n: u128) -> AccountStanding {
        AccountStanding {
            account: acc(n),
            person: PersonId::from_uuid(Uuid::from_u128(n)),
            username: format!("p{n}"),
            account_type: if n == 1 { AccountType::Distributor } else { AccountType::Customer },
            roles: Roles::NONE,
            status: AccountStatus::Active,
            distributor: (n == 1).then_some(DistributorStanding::Active),
            vip: false,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn tie(distributor: u128) -> Tie {
        Tie {
            relationship: RelationshipId::from_uuid(Uuid::from_u128(50 + distributor)),
            version: 3,
            distributor: acc(distributor),
        }
    }

    /// 1 is a distributor, 2 its customer.
    fn facts() -> PairFacts {
        PairFacts { blocked: false, subject: None, object: Some(tie(1)), distributor_active: true }
    }

    fn ask(
        capability: Capability,
        facts: PairFacts,
        accounts: &[AccountStanding],
        policy: Policy,
    ) -> Option<Denial> {
        let question =
            Question { subject: acc(1), object: acc(2), capability, facts, accounts: Some(accounts) };
        question.decide(policy)
    }

    #[test]
    fn a_pair_may_chat_and_play_from_either_side() {
        let accounts = [account(1), account(2)];
        for capability in Capability::ALL {
            assert_eq!(ask(*capability, facts(), &accounts, POLICY), None);
            let mirrored = PairFacts { subject: Some(tie(1)), object: None, ..facts() };
            let other_way = Question {
                subject: acc(2),
                object: acc(1),
                capability: *capability,
                facts: mirrored,
                accounts: Some(&accounts),
            };
            assert_eq!(other_way.decide(POLICY), None);
            assert_eq!(other_way.standing().map(|s| s.version), Some(3));
        }
    }

    #[test]
    fn doubt_is_denied() {
        for accounts in [None, Some(&[account(1)][..])] {
            let question = Question {
                subject: acc(1),
                object: acc(2),
                capability: Capability::Play,
                facts: facts(),
                accounts,
            };
            let expected = if accounts.is_none() { Denial::Doubt } else { Denial::UnknownPair };
            assert_eq!(question.decide(POLICY), Some(expected));
        }
    }

    #[test]
    fn an_inactive_account_or_distributor_denies() {
        let mut accounts = [account(1), account(2)];
        accounts[1].status = AccountStatus::Suspended;
        assert_eq!(ask(Capability::Play, facts(), &accounts, POLICY), Some(Denial::AccountInactive));
        let mut accounts = [account(1), account(2)];
        accounts[0].distributor = Some(DistributorStanding::Offboarding);
        assert_eq!(ask(Capability::Chat, facts(), &accounts, POLICY), Some(Denial::DistributorInactive));
        let stale = PairFacts { distributor_active: false, ..facts() };
        let accounts = [account(1), account(2)];
        assert_eq!(ask(Capability::Chat, stale, &accounts, POLICY), Some(Denial::DistributorInactive));
    }

    #[test]
    fn a_block_denies_both_capabilities() {
        let accounts = [account(1), account(2)];
        for capability in Capability::ALL {
            let blocked = PairFacts { blocked: true, ..facts() };
            assert_eq!(ask(*capability, blocked, &accounts, POLICY), Some(Denial::Blocked));
        }
    }

    #[test]
    fn customers_of_one_distributor_play_but_do_not_chat() {
        let accounts = [account(2), account(3)];
        let facts = PairFacts { subject: Some(tie(1)), object: Some(tie(1)), ..facts() };
        let ask = |capability| {
            Question { subject: acc(2), object: acc(3), capability, facts, accounts: Some(&accounts) }
                .decide(POLICY)
        };
        assert_eq!(ask(Capability::Play), None);
        assert_eq!(ask(Capability::Chat), Some(Denial::NoRelationship));
    }

    #[test]
    fn strangers_play_only_where_the_deployment_opens_play() {
        let accounts = [account(1), account(2)];
        let strangers = PairFacts { object: Some(tie(7)), ..facts() };
        assert_eq!(ask(Capability::Play, strangers, &accounts, POLICY), Some(Denial::OtherNetwork));
        let open = Policy { play: PlayPolicy::Anyone, ..POLICY };
        assert_eq!(ask(Capability::Play, strangers, &accounts, open), None);
        assert_eq!(ask(Capability::Chat, strangers, &accounts, open), Some(Denial::NoRelationship));
    }

    #[test]
    fn chat_may_ask_for_the_customers_vip_flag() {
        let vips_only = Policy { chat_requires_vip: true, ..POLICY };
        let mut accounts = [account(1), account(2)];
        accounts[0].vip = true;
        assert_eq!(
            ask(Capability::Chat, facts(), &accounts, vips_only),
            Some(Denial::NotVip),
            "the distributor's counts not"
        );
        accounts[1].vip = true;
        assert_eq!(ask(Capability::Chat, facts(), &accounts, vips_only), None);
    }
}
