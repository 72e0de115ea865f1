//! Settles in all three systems or in none: what a command takes of the funds that another service keeps is held there before it is
//! committed. The commit is the settlement; its Change posts the hold.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use host::failpoint;
use money::Fen;
use policy::{Bill, Person, Policy};
use rpc::{Fault, Reason};
use sha2::{Digest as _, Sha256};
use store::idempotency::{self, Call};
use store::outbox;
use terms::{Away, Category, Name};

use super::commit::{Bench, Committer, Denied, Encode, Work, store_fault};
use super::{Command, preview};
use crate::clients::{Assistance, Reserved, Reserving, Waits};
use crate::domain::{Grant, Hold, Limit, Needed, Third};

/// How often a command comes again with a greater grant, or with facts that were stale.
const ROUNDS_MOST: u32 = 6;
/// How many holds of one call may have been refused.
const OVER_MOST: u32 = 1_000;
/// Changes that are not delivered yet; with more the keeper is taken as away.
const EARLIER_MOST: u16 = 100;

/// Carries commands out that touch claims. Clones share everything.
#[derive(Clone)]
pub struct OneStop {
    /// What commits.
    pub committer: Committer,
    /// Database, policy versions, clock and ids.
    pub bench: Bench,
    /// The keeper of the third system; none: nothing is held anywhere.
    pub assistance: Option<Arc<Assistance>>,
}

/// What the keeper knows of a person's categories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody keeps them: those of the facts count.
    Unkept,
    /// The categories on the day.
    Known(Vec<Category>),
    /// It was not reached, and the packs say that two systems are settled.
    Away,
}

/// A command on its way.
struct Drive {
    command: Command,
    /// How many holds of it were refused.
    over: u32,
    /// The most it asked for so far.
    asked: BTreeMap<Limit, Fen>,
    grant: Grant,
}

impl OneStop {
    /// The person's categories on a bill's day, where the keeper is asked for them.
    ///
    /// # Errors
    /// `UNAVAILABLE` where it is not reached and the packs say that the bill waits for it.
    pub async fn standing(&self, id: &Name, policy: &Policy, person: &Person, bill: &Bill) -> Result<Standing, Fault> {
        let Some(assistance) = &self.assistance else { return Ok(Standing::Unkept) };
        let day = policy.day_of_rules(person, bill);
        match assistance.standing(*id, &[day], Waits::Shortly).await {
            Ok(mut days) => Ok(Standing::Known(days.remove(&day).unwrap_or_default())),
            Err(fault) if fault.reason() == Reason::Deadline => Err(fault),
            Err(fault) => match policy.when_assistance_away(person, bill) {
                Away::SettleTwo => Ok(Standing::Away),
                Away::Refuse => Err(away().because(fault)),
            },
        }
    }

    /// The person's categories on days.
    ///
    /// # Errors
    /// `UNAVAILABLE` where the keeper is not reached, or there is none.
    pub async fn categories(
        &self,
        person: Name,
        days: &[NaiveDate],
    ) -> Result<BTreeMap<NaiveDate, Vec<Category>>, Fault> {
        let assistance = self.assistance.as_ref().ok_or_else(away)?;
        if days.is_empty() { Ok(BTreeMap::new()) } else { assistance.standing(person, days, Waits::Patiently).await }
    }

    /// Commits a command; what it takes of the third system is held before.
    ///
    /// # Errors
    /// What its caller is told; nothing was kept, unless the reason is `DEADLINE`.
    pub async fn commit(&self, command: Command, is_away: bool, encode: Encode) -> Result<Vec<u8>, Fault> {
        let Some(assistance) = &self.assistance else {
            return self.committer.commit(Work { command, encode, third: Third::Whole }).await;
        };
        let grant = if is_away { Grant::away() } else { Grant::default() };
        let mut drive = Drive { command, over: 0, asked: BTreeMap::new(), grant };
        if !is_away && drive.command.may_take_third() && !self.is_known(drive.command.call()).await? {
            self.look_ahead(assistance, &mut drive).await?;
        }
        let mut rounds = 0;
        while rounds < ROUNDS_MOST {
            let (command, encode) = (drive.command.clone(), Arc::clone(&encode));
            let work = Work { command, encode, third: Third::Granted(drive.grant.clone()) };
            match self.committer.commit_held(work).await {
                Ok(answer) => {
                    failpoint("one_stop.committed");
                    return Ok(answer);
                }
                Err(Denied::Fault(fault)) => return Err(fault),
                // a hold that was refused costs no round: each is refused once
                Err(Denied::Over) if drive.over < OVER_MOST => {
                    (drive.over, rounds) = (drive.over + 1, rounds.saturating_sub(1));
                    drive.grant = Grant::default();
                }
                Err(Denied::Over) => break,
                Err(Denied::Hold(needed)) => {
                    rounds += 1;
                    self.reserve(assistance, &mut drive, &needed).await?;
                }
            }
        }
        let message = "the year's limit kept changing; try again with the same key";
        Err(Fault::new(Reason::Contended, message).retry_after(Duration::from_secs(1)))
    }

    /// Asks for a hold before the first commit is tried, of what the command would take now.
    async fn look_ahead(&self, assistance: &Assistance, drive: &mut Drive) -> Result<(), Fault> {
        let granted = Third::Granted(Grant::default());
        match preview(&self.bench, drive.command.clone(), &granted).await {
            Err(Denied::Hold(needed)) => self.reserve(assistance, drive, &needed).await,
            // whatever stands against it stands against it in the commit
            _ => Ok(()),
        }
    }

    /// Whether a call was made before: then it needs no hold, and nobody has to be asked.
    ///
    /// # Errors
    /// The database.
    pub async fn is_known(&self, call: &Call) -> Result<bool, Fault> {
        let kept = idempotency::look_up(self.bench.database.reader(), &[call]).await;
        let kept = kept.map_err(|error| super::fault(error.into()))?;
        Ok(kept.iter().any(Option::is_some))
    }

    async fn reserve(&self, assistance: &Assistance, drive: &mut Drive, needed: &Needed) -> Result<(), Fault> {
        for (limit, net) in &needed.asks {
            let asked = drive.asked.entry(*limit).or_default();
            *asked = (*asked).max(*net);
        }
        let earlier = outbox::waiting_of(self.bench.database.reader(), needed.person.as_str(), EARLIER_MOST + 1).await;
        let earlier = earlier.map_err(store_fault)?;
        let call = drive.command.call();
        let owner: String = format!("{}|{}", call.caller(), call.key()).chars().take(200).collect();
        let is_anew = matches!(drive.command, Command::Reassess(_));
        let waits = if is_anew { Waits::Patiently } else { Waits::Shortly };
        loop {
            let id = hold_id(&drive.command, needed.person, drive.over)?;
            let hold = Hold { id, person: needed.person };
            if earlier.len() > usize::from(EARLIER_MOST) {
                return self.go_without(drive, hold, Fault::unavailable("assistance", RETRY));
            }
            let owner = owner.clone();
            let asks = &drive.asked;
            let reserving = Reserving { hold: id, needed, asks, owner, earlier: &earlier, waits };
            failpoint("one_stop.planned");
            match assistance.reserve(&reserving).await {
                Ok(Reserved::Held(granted)) => {
                    failpoint("one_stop.reserved");
                    let asked = |limit: &Limit| drive.asked.get(limit).copied().unwrap_or_default();
                    let parts = granted.into_iter().map(|(limit, granted)| (limit, (asked(&limit), granted))).collect();
                    drive.grant = Grant { hold: Some(hold), parts, is_away: false };
                }
                Ok(Reserved::Stale(days)) => {
                    drive.command.renew(&days);
                    // the days' new categories need a plan of their own; what is pending from before ends with the commit
                    let hold = drive.grant.hold.filter(|pending| pending.id == id);
                    drive.grant = Grant { hold, ..Grant::default() };
                }
                Ok(Reserved::Over) if drive.over < OVER_MOST => {
                    drive.over += 1;
                    continue;
                }
                Ok(Reserved::Over) => return self.go_without(drive, hold, Fault::unavailable("assistance", RETRY)),
                Err(fault) => self.go_without(drive, hold, fault)?,
            }
            return Ok(());
        }
    }

    /// Two systems are settled, and the third follows; a hold that came to be all the same is refused by the commit.
    fn go_without(&self, drive: &mut Drive, hold: Hold, fault: Fault) -> Result<(), Fault> {
        // the keeper asks again; a caller without time for it comes again
        if matches!(drive.command, Command::Reassess(_)) || fault.reason() == Reason::Deadline {
            return Err(fault);
        }
        if let Command::Settle(settle) = &drive.command {
            let new = &settle.new;
            if new.policy.when_assistance_away(&new.person, &new.bill) == Away::Refuse {
                return Err(away().because(fault));
            }
        }
        tracing::warn!(error = %fault, "the third system is not reached and follows");
        drive.grant = Grant { hold: Some(hold), ..Grant::away() };
        Ok(())
    }
}

const RETRY: Duration = Duration::from_secs(1);

fn away() -> Fault {
    Fault::unavailable("assistance", RETRY)
}

/// The hold of a call for a person: the same for every try of it, so that a retry finds its own.
fn hold_id(command: &Command, person: Name, over: u32) -> Result<Name, Fault> {
    let call = command.call();
    let digest = Sha256::digest(format!("{}\n{}\n{person}", call.caller(), call.key()));
    let head = digest.get(..12).map(hex::encode).unwrap_or_default();
    Name::new(&format!("{head}-{over}")).map_err(Fault::internal)
}
