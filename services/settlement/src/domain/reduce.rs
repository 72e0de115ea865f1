use money::{Fen, Rate, Rounding};
use policy::{Bill, Costs, Line};
use serde::{Deserialize, Serialize};

/// What is given back of a fee line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineRefund {
    /// The line, by its place in the bill as first settled, from 0.
    pub line: usize,
    /// The amount given back, in fen, above zero.
    pub amount: Fen,
    /// The quantity given back, where the caller says one.
    pub quantity: Option<Rate>,
}

/// Why lines cannot be taken out of a bill.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReduceError {
    /// The bill came in parts.
    #[error("refund lines of a bill that came in parts")]
    NoLines,
    /// No such line.
    #[error("find line {line} of the bill")]
    UnknownLine {
        /// Its place, from 0.
        line: usize,
    },
    /// More than what is left of the line.
    #[error("give back {asked} of line {line}, of which {left} is left")]
    Exceeds {
        /// Its place, from 0.
        line: usize,
        /// What is asked for.
        asked: Fen,
        /// What is left.
        left: Fen,
    },
    /// The quantity that is left would be none, or would not be exact.
    #[error("take the quantity off line {line}")]
    Quantity {
        /// Its place, from 0.
        line: usize,
    },
    /// The amount given back is not what the quantity given back costs.
    #[error("give back {quantity} of line {line} for {asked}: it costs {worth}")]
    Unequal {
        /// Its place, from 0.
        line: usize,
        /// The quantity given back.
        quantity: Rate,
        /// What is asked for.
        asked: Fen,
        /// What the quantity costs at the line's price.
        worth: Fen,
    },
    /// Nothing of the bill would be left: that is a reversal.
    #[error("refund every line of a bill: reverse it")]
    Everything,
}

/// The bill with refunds taken off: `refunds` are all that were ever given back of it, in order.
///
/// # Errors
/// Every [`ReduceError`] of a line, or the one of the whole bill.
pub fn reduce(bill: &Bill, refunds: &[LineRefund]) -> Result<Bill, Vec<ReduceError>> {
    let Costs::Lines(lines) = &bill.costs else { return Err(vec![ReduceError::NoLines]) };
    let mut left: Vec<Line> = lines.clone();
    let mut errors = Vec::new();
    for refund in refunds {
        let unknown = ReduceError::UnknownLine { line: refund.line };
        let taken = left.get_mut(refund.line).ok_or(unknown).and_then(|line| take_off(line, refund));
        errors.extend(taken.err());
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    left.retain(|line| !line.amount.is_zero());
    if left.is_empty() {
        return Err(vec![ReduceError::Everything]);
    }
    let total = left.iter().map(|line| line.amount).sum();
    Ok(Bill { total, costs: Costs::Lines(left), ..bill.clone() })
}

fn take_off(line: &mut Line, refund: &LineRefund) -> Result<(), ReduceError> {
    let LineRefund { line: place, amount, quantity } = *refund;
    if amount > line.amount {
        return Err(ReduceError::Exceeds { line: place, asked: amount, left: line.amount });
    }
    let (held, is_all) = (line.quantity, amount == line.amount);
    if is_all && quantity.is_none_or(|quantity| quantity == held) {
        line.amount = Fen::ZERO;
        return Ok(());
    }
    let unfit = ReduceError::Quantity { line: place };
    let quantity = quantity.or_else(|| exact(amount, line.unit_price)).ok_or(unfit.clone())?;
    let left = held.millionths() - quantity.millionths();
    // all of the quantity goes with all of the amount only, and the other way round
    if left <= 0 || quantity <= Rate::ZERO || is_all {
        return Err(unfit);
    }
    let worth = (quantity * line.unit_price).round(Rounding::HalfUp);
    if worth != amount {
        return Err(ReduceError::Unequal { line: place, quantity, asked: amount, worth });
    }
    line.amount -= amount;
    line.quantity = Rate::from_millionths(left);
    Ok(())
}

/// `amount / price`, where it has at most six decimals.
fn exact(amount: Fen, price: Fen) -> Option<Rate> {
    let millionths = i128::from(amount.get()) * i128::from(Rate::SCALE);
    let price = i128::from(price.get());
    let exact = price > 0 && millionths % price == 0;
    exact.then(|| i64::try_from(millionths / price).ok().map(Rate::from_millionths)).flatten()
}
