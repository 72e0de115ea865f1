//! Looks after bills for which time has passed: what was not answered is asked again, what expired is over.

use std::sync::Arc;

use crossing::{BillId, CareEvent};
use store::Tx;

use super::care::{self, Todo};
use super::drive::drive;
use super::{App, Problem};
use crate::domain::Role;
use crate::store::bills;

/// The most bills of a role that are looked at in one turn.
const MOST: u64 = 256;

/// One turn, over both roles. What is sent goes on by itself.
///
/// # Errors
/// What the database said.
pub(crate) async fn wake(app: &Arc<App>) -> Result<(), Problem> {
    let now = app.now();
    for id in bills::due(app.database.reader(), Role::Care, now, MOST).await? {
        let todo = tick(app, id).await?;
        let app = Arc::clone(app);
        tokio::spawn(async move { drive(&app, id, todo, None).await });
    }
    for id in bills::due(app.database.reader(), Role::Insured, now, MOST).await? {
        let app = Arc::clone(app);
        tokio::spawn(async move {
            if let Err(problem) = super::insured::tick(&app, id).await {
                tracing::warn!(bill = %id, %problem, "a bill was not looked after");
            }
        });
    }
    Ok(())
}

/// Moves a bill at the place of care on; its next turn is set in the same commit, so nobody else takes this one too.
async fn tick(app: &Arc<App>, id: BillId) -> Result<Todo, Problem> {
    let work = |tx: Tx| {
        let app = Arc::clone(app);
        async move {
            bills::lock(&tx, Role::Care, id).await?;
            let Some(row) = bills::care(&tx, id).await? else { return Ok(Todo::default()) };
            let (_, todo) = care::moved(&app, &tx, row, CareEvent::Tick, None).await?;
            Ok::<_, Problem>(todo)
        }
    };
    app.database.transaction(work).await
}
