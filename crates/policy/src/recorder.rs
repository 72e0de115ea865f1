use crate::decision::{Rule, Step, Used};
use crate::pack::SourceId;
use money::Fen;

/// Where steps go. Without steps the calls vanish from the compiled code.
pub(crate) trait Recorder {
    /// Whether steps are kept.
    const ON: bool;
    /// Keeps a step.
    fn keep(&mut self, step: Step);

    /// Keeps a step of a layer.
    fn layer(&mut self, layer: usize, rule: Rule, (used, source): (Used, Option<SourceId>), before: Fen, after: Fen) {
        if Self::ON {
            let layer = u8::try_from(layer).ok();
            self.keep(Step { rule, layer, line: None, used, source, via: None, before, after });
        }
    }
}

/// Keeps every step.
#[derive(Debug, Default)]
pub(crate) struct Steps(pub(crate) Vec<Step>);

impl Recorder for Steps {
    const ON: bool = true;
    fn keep(&mut self, step: Step) {
        self.0.push(step);
    }
}

/// Keeps none.
#[derive(Debug, Default)]
pub(crate) struct Silent;

impl Recorder for Silent {
    const ON: bool = false;
    fn keep(&mut self, _: Step) {}
}
