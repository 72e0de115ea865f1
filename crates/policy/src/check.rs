//! Everything that is wrong with packs, or worth a second look: what compiling finds, parameters off the national list, and
//! probes of the compiled tables for cliffs (one more fen of cost that costs the patient more than a fen) and inversions (a
//! poorer category worse off, a lower grade worse paid, the retired worse off than the active).

mod benefit;
mod cliffs;
mod curve;
mod findings;
mod inversions;
mod list;
mod prices;
mod subsidies;

use std::sync::Arc;

use terms::{Care, Scheme, Word};

pub(crate) use list::national_list;

use self::findings::Findings;
use crate::compile::History;
use crate::pack::PackFile;
use crate::{Policy, Problems};

/// Every problem of the packs: errors, warnings, and what the probes find where there are no errors.
///
/// The probes look at a person's first bill of a year, with no account and every category alone. A benefit that a division
/// inherits whole is looked at once; of the same kind of problem at the same place, the smallest example stands.
#[must_use]
pub fn check(files: &[PackFile]) -> Problems {
    let (policy, mut problems) = Policy::compile_with_warnings(files);
    if let Some(policy) = policy {
        let mut findings = Findings::default();
        subsidies::check(&policy, &mut problems);
        probe_all(&policy, &mut findings);
        findings.into_problems(&mut problems);
    }
    problems
}

fn probe_all(policy: &Policy, findings: &mut Findings) {
    let mut seen: Vec<&Arc<History>> = Vec::new();
    for (code, compiled) in &policy.divisions {
        let poorer_first = list::poorer_first(&policy.chain(*code));
        for &scheme in Scheme::ALL {
            for &care in Care::ALL {
                let Some(history) = compiled.history(scheme, care) else { continue };
                if seen.iter().any(|known| Arc::ptr_eq(known, history)) {
                    continue;
                }
                seen.push(history);
                benefit::probe(policy, *code, history, &poorer_first, findings);
            }
        }
    }
}
