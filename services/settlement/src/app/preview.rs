//! What a command would do at this moment: the same code on a desk that is thrown away, without a lock and without a write.

use std::sync::Arc;

use rpc::Fault;

use super::commit::{Bench, Denied, denied, store_fault};
use super::{Command, Context, Done, Trouble};
use crate::domain::{Policies, Third};
use crate::store::{self as tables, Needs};

/// Carries a command out and keeps nothing.
///
/// # Errors
/// What the command would give.
pub async fn preview(bench: &Bench, command: Command, third: &Third) -> Result<(Policies, Done), Denied> {
    let mut policies = Policies::new();
    if let Command::Settle(settle) = &command {
        policies.insert(settle.new.policy.version(), Arc::clone(&settle.new.policy));
    }
    let mut needs = Needs::default();
    command.needs(&mut needs);
    loop {
        let now = bench.clock.now();
        let day = super::day_of(now);
        let desk = tables::load(bench.database.reader(), None, &needs, day).await;
        let mut desk = desk.map_err(store_fault)?;
        let done = {
            let context = Context { policies: &policies, now, ids: &*bench.ids, third };
            command.carry_out(&context, &mut desk, None)
        };
        match done {
            Ok(done) => return Ok((policies, done)),
            Err(Trouble::NeedVersion(version)) => {
                let found = bench.registry.version(version).await.map_err(Fault::internal)?;
                let gone = || Fault::internal(format!("policy version {version} is gone"));
                policies.insert(version, found.ok_or_else(gone)?);
            }
            Err(trouble) => return Err(denied(trouble)),
        }
    }
}
