use money::{Fen, Rate};
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
    /// Nothing of the bill would be left: that is a reversal.
    #[error("refund every line of a bill: reverse it")]
    Everything,
}

/// The bill with refunds taken off: `refunds` are all that were ever given back of it, in order.
///
/// # Errors
/// [`ReduceError`].
pub fn reduce(bill: &Bill, refunds: &[LineRefund]) -> Result<Bill, ReduceError> {
    let Costs::Lines(lines) = &bill.costs else { return Err(ReduceError::NoLines) };
    let mut left: Vec<Line> = lines.clone();
    for refund in refunds {
        let line = left.get_mut(refund.line).ok_or(ReduceError::UnknownLine { line: refund.line })?;
        take_off(line, refund)?;
    }
    left.retain(|line| !line.amount.is_zero());
    if left.is_empty() {
        return Err(ReduceError::Everything);
    }
    let total = left.iter().map(|line| line.amount).sum();
    Ok(Bill { total, costs: Costs::Lines(left), ..bill.clone() })
}

fn take_off(line: &mut Line, refund: &LineRefund) -> Result<(), ReduceError> {
    let LineRefund { line: place, amount, quantity } = *refund;
    if amount > line.amount {
        return Err(ReduceError::Exceeds { line: place, asked: amount, left: line.amount });
    }
    line.amount -= amount;
    if line.amount.is_zero() {
        return Ok(());
    }
    let quantity = quantity.or_else(|| exact(amount, line.unit_price)).ok_or(ReduceError::Quantity { line: place })?;
    let left = line.quantity.millionths() - quantity.millionths();
    if left <= 0 || quantity <= Rate::ZERO {
        return Err(ReduceError::Quantity { line: place });
    }
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
