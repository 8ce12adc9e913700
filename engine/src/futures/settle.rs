//! Which of the values that seem to hold a resource can all do so.

use std::cmp::Reverse;

use crate::evidence::Certainty;
use crate::model::{Hold, Holding};

/// Of holdings of one resource, those that can all be true: what is held alone has one holder, and
/// where that one is certain the others are values that were moved from.
pub fn settled(mut holdings: Vec<Holding>) -> Vec<Holding> {
    let rank = |holding: &Holding| {
        (holding.resource, holding.address, holding.hold, Reverse(holding.certainty))
    };
    holdings.sort_by_key(rank);
    holdings.dedup_by_key(|holding| (holding.resource, holding.address, holding.hold));
    let same = holdings.chunk_by(|one, other| one.resource == other.resource);
    same.flat_map(settled_of_one).collect()
}

fn settled_of_one(holdings: &[Holding]) -> Vec<Holding> {
    let alone = holdings.iter().filter(|holding| holding.hold == Hold::Exclusive);
    let Some(best) = alone.clone().map(|holding| holding.certainty).max() else {
        return holdings.to_vec();
    };
    let rivals = alone.filter(|holding| holding.certainty == best).count();
    let mut settled = holdings.to_vec();
    settled.retain(|holding| {
        let is_lock = matches!(holding.hold, Hold::Exclusive | Hold::Shared);
        !is_lock || holding.certainty == best || best != Certainty::Definite || rivals > 1
    });
    for holding in &mut settled {
        if holding.hold == Hold::Exclusive && holding.certainty == best && rivals > 1 {
            holding.certainty = match best {
                Certainty::Definite => Certainty::Likely,
                Certainty::Likely | Certainty::Possible => Certainty::Possible,
            };
        }
    }
    settled
}

#[cfg(test)]
mod tests {
    use Certainty::{Definite, Likely, Possible};
    use Hold::{Exclusive, Sender, Shared};

    use super::*;
    use crate::address::{Address, ThreadId};
    use crate::model::{Holder, ResourceKey};

    fn holding((resource, address, hold, certainty): (u64, u64, Hold, Certainty)) -> Holding {
        Holding {
            resource: ResourceKey(Address(resource)),
            hold,
            type_name: "Guard".into(),
            address: Address(address),
            holder: Holder::Thread(ThreadId(1), 0),
            within: None,
            variable: None,
            since: None,
            certainty,
            carrier: None,
            unflushed: None,
        }
    }

    #[track_caller]
    fn check(found: &[(u64, u64, Hold, Certainty)], expected: &[(u64, u64, Hold, Certainty)]) {
        let holdings = |of: &[_]| of.iter().copied().map(holding).collect::<Vec<_>>();
        assert_eq!(settled(holdings(found)), holdings(expected));
    }

    #[test]
    fn one_value_counts_once() {
        check(
            &[(1, 8, Exclusive, Likely), (1, 8, Exclusive, Definite)],
            &[(1, 8, Exclusive, Definite)],
        );
    }

    #[test]
    fn a_certain_holder_of_a_lock_leaves_no_other() {
        let certain = (1, 8, Exclusive, Definite);
        let others = [(1, 16, Exclusive, Likely), (1, 24, Shared, Possible)];
        check(&[certain, others[0], others[1]], &[certain]);
    }

    #[test]
    fn of_equal_holders_none_is_sure() {
        let both = |certainty| [(1, 8, Exclusive, certainty), (1, 16, Exclusive, certainty)];
        check(&both(Definite), &both(Likely));
        check(&both(Likely), &both(Possible));
        check(&both(Possible), &both(Possible));
    }

    #[test]
    fn the_surest_of_several_stays_as_sure_as_it_is() {
        let several = [(1, 8, Exclusive, Likely), (1, 16, Exclusive, Possible)];
        check(&several, &several);
    }

    #[test]
    fn what_many_may_hold_is_left_alone() {
        let many = [(1, 8, Sender, Definite), (1, 16, Sender, Likely), (2, 8, Exclusive, Definite)];
        check(&many, &many);
    }
}
