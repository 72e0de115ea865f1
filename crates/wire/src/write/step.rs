use pb::policy::v1 as policy_pb;
use policy::{Citation, Policy, SourceId, Step, Used};

use super::citation::citation;
use super::plain::count;
use crate::words;

/// The sources that steps use, each once, in order of first use.
pub(super) struct Sources<'p> {
    policy: Option<&'p Policy>,
    found: Vec<(SourceId, &'p Citation)>,
}

impl<'p> Sources<'p> {
    /// None so far; without the policy that decided a source says nothing and is left out.
    pub(super) const fn new(policy: Option<&'p Policy>) -> Self {
        Self { policy, found: Vec::new() }
    }

    fn place(&mut self, source: Option<SourceId>) -> Option<u32> {
        let source = source?;
        if let Some(at) = self.found.iter().position(|(known, _)| *known == source) {
            return Some(count(at));
        }
        let citation = self.policy?.citation(source)?;
        self.found.push((source, citation));
        Some(count(self.found.len() - 1))
    }

    /// A step of a settlement of so many layers.
    pub(super) fn step(&mut self, step: &Step, layers: usize) -> policy_pb::Step {
        policy_pb::Step {
            rule: words::rule(step.rule),
            // The engine counts what is left in cash behind the last layer, where no layer stands.
            layer: step.layer.filter(|layer| usize::from(*layer) < layers).map(u32::from),
            line: step.line.map(u32::from),
            source: self.place(step.source),
            via: self.place(step.via),
            before_fen: step.before.get(),
            after_fen: step.after.get(),
            used: match step.used {
                Used::Nothing => None,
                Used::Amount(fen) => Some(policy_pb::step::Used::UsedFen(fen.get())),
                Used::Rate(rate) => Some(policy_pb::step::Used::UsedRate(rate.to_string())),
            },
        }
    }

    /// The clause ids of all sources found.
    pub(super) fn cited(&self) -> impl Iterator<Item = &'p String> + use<'p> {
        let citations: Vec<&'p Citation> = self.found.iter().map(|(_, citation)| *citation).collect();
        citations.into_iter().flat_map(|citation| &citation.cite)
    }

    pub(super) fn into_citations(self) -> Vec<policy_pb::Citation> {
        self.found.into_iter().map(|(_, found)| citation(found)).collect()
    }
}
