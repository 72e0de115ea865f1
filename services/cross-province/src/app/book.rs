//! Books what a machine wants booked: the item both sides compare, and the entry of this side's journal, in the move's own commit.

use chrono::NaiveDate;
use crossing::{BillId, Booked, Item, ItemKind, Receipt};
use ledger::crossing::{Crossing, care as at_care, insured as at_insured};
use ledger::{Entry, Heading, book};
use money::Fen;
use rpc::Fault;
use store::Tx;
use store::journal;
use terms::{Division, Name};

use super::{App, Problem};
use crate::domain::Role;
use crate::store::items;

/// What is booked of a bill, and for whom.
pub(super) struct Books {
    pub(super) role: Role,
    pub(super) bill: BillId,
    /// The other province.
    pub(super) peer: Division,
    pub(super) institution: Name,
    pub(super) person: Name,
    pub(super) total: Fen,
}

impl Books {
    /// Books it.
    ///
    /// # Errors
    /// What the database or the journal says; amounts that are no entry.
    pub(super) async fn book(&self, app: &App, tx: &Tx, booked: Booked) -> Result<(), Problem> {
        let now = app.now();
        let (item, entry) = match booked {
            Booked::Settled(receipt) => {
                let item = self.item(ItemKind::Settled, receipt.day, &receipt, 1);
                (item, self.entry(&receipt)?)
            }
            Booked::Reversed(receipt, day) => {
                let item = self.item(ItemKind::Reversed, day, &receipt, -1);
                let undo = |entry: Entry| book::reverse(self.entry_id("r")?, day, &entry).map_err(Fault::internal);
                (item, self.entry(&receipt)?.map(undo).transpose()?)
            }
        };
        items::add(tx, self.role, self.peer, &item, now).await?;
        if let Some(entry) = entry {
            journal::append(tx, &[entry]).await?;
        }
        Ok(())
    }

    fn item(&self, kind: ItemKind, day: NaiveDate, receipt: &Receipt, sign: i64) -> Item {
        let signed = |amount: Fen| if sign < 0 { -amount } else { amount };
        Item {
            id: Item::id_of(self.bill, kind, 0),
            bill: self.bill,
            kind,
            day,
            owed: signed(receipt.owed),
            cash: signed(receipt.cash),
            total: signed(self.total),
            receipt: receipt.message,
        }
    }

    /// The entry of the settlement; the same whenever it is made.
    fn entry(&self, receipt: &Receipt) -> Result<Option<Entry>, Fault> {
        let bill = self.bill.to_string();
        let reference = Name::new(&bill).map_err(Fault::internal)?;
        let heading = Heading { id: self.entry_id("s")?, date: receipt.day, reference };
        match self.role {
            Role::Insured => at_insured(heading, self.peer, receipt.owed).map_err(Fault::internal),
            Role::Care => {
                let hospital = self.total - receipt.owed - receipt.cash;
                let amounts = Crossing { total: self.total, owed: receipt.owed, hospital, cash: receipt.cash };
                let entry = at_care(heading, self.peer, (self.institution, self.person), &amounts);
                entry.map(Some).map_err(Fault::internal)
            }
        }
    }

    fn entry_id(&self, end: &str) -> Result<Name, Fault> {
        Name::new(&format!("{}-{}{end}", self.bill, self.role.word().get(..1).unwrap_or_default()))
            .map_err(Fault::internal)
    }
}
