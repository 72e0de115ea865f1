use money::Fen;
use serde::{Deserialize, Serialize};
use terms::Name;

/// What a relative's account pays of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    /// Whose account.
    pub owner: Name,
    /// How much, in fen, above zero.
    pub amount: Fen,
}

/// What one account pays of a bill, in fen.
#[must_use]
pub fn drawn_from(draws: &[Draw], owner: &Name) -> Fen {
    draws.iter().filter(|draw| draw.owner == *owner).map(|draw| draw.amount).sum()
}

/// Whose accounts pay of a bill before or now, each once, in order of name.
#[must_use]
pub fn owners(before: &[Draw], now: &[Draw]) -> Vec<Name> {
    let mut owners: Vec<Name> = before.iter().chain(now).map(|draw| draw.owner).collect();
    owners.sort_unstable();
    owners.dedup();
    owners
}

/// Adds `amount` to what accounts pay, each up to its balance, in the order in which they were bound; none where they hold less.
#[must_use]
pub fn draw(draws: &[Draw], mut amount: Fen, accounts: &[(Name, Fen)]) -> Option<Vec<Draw>> {
    let mut draws = draws.to_vec();
    for (owner, balance) in accounts {
        let taken = amount.min(*balance);
        if taken <= Fen::ZERO {
            continue;
        }
        amount -= taken;
        match draws.iter_mut().find(|draw| draw.owner == *owner) {
            Some(draw) => draw.amount += taken,
            None => draws.push(Draw { owner: *owner, amount: taken }),
        }
    }
    amount.is_zero().then_some(draws)
}

/// Takes `amount` off what accounts pay, the last one first; none where they paid less.
#[must_use]
pub fn give_back(draws: &[Draw], mut amount: Fen) -> Option<Vec<Draw>> {
    let mut draws = draws.to_vec();
    for draw in draws.iter_mut().rev() {
        let given = amount.min(draw.amount);
        draw.amount -= given;
        amount -= given;
    }
    draws.retain(|draw| !draw.amount.is_zero());
    amount.is_zero().then_some(draws)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).expect("a short name")
    }

    #[test]
    fn accounts_pay_in_the_order_of_their_binding_and_are_given_back_in_the_other() {
        let accounts = [(name("mother"), Fen::new(30)), (name("father"), Fen::new(50))];
        let drawn = draw(&[], Fen::new(60), &accounts).expect("80 are there");
        let amounts = |draws: &[Draw]| draws.iter().map(|draw| (draw.owner, draw.amount.get())).collect::<Vec<_>>();
        assert_eq!(amounts(&drawn), [(name("mother"), 30), (name("father"), 30)]);
        assert_eq!(amounts(&give_back(&drawn, Fen::new(40)).expect("60 were paid")), [(name("mother"), 20)]);
        assert_eq!(draw(&[], Fen::new(81), &accounts), None);
        assert_eq!(give_back(&drawn, Fen::new(61)), None);
    }
}
