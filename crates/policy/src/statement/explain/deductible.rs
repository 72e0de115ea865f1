use super::layer::Layered;
use super::{Entry, amount, rate};
use crate::decision::{Rule, Step};
use crate::statement::Lang;
use crate::statement::figures::{self, yuan};

impl<'a> Layered<'_, 'a> {
    /// The deductible: one sentence where its standard is applied as it stands, one for every step on the way otherwise.
    pub(super) fn deductible(&self) -> Vec<Entry<'a>> {
        let Some((standard, applied)) = self.step(Rule::DeductibleStandard).zip(self.step(Rule::Deductible)) else {
            return Vec::new();
        };
        let mut entries = vec![self.standard(standard)];
        let on_the_way: Vec<Entry<'a>> = self.on_the_way();
        if on_the_way.is_empty() {
            if let Some(entry) = entries.first_mut() {
                entry.figures.extend(self.applied(applied, standard.after));
                entry.amount = Some(amount(applied.used)).filter(|_| !standard.after.is_zero());
            }
            return entries;
        }
        entries.extend(on_the_way);
        let label = match self.lang {
            Lang::Zh => format!("本次起付线 {}", yuan(self.lang, amount(applied.used))),
            Lang::En => format!("Deductible of this bill {}", yuan(self.lang, amount(applied.used))),
        };
        let due = self.step(Rule::DeductibleMet).map_or(self.share.deductible_standard, |step| step.after);
        let figures = self.applied(applied, due);
        entries.push(self.entry(label, &[], figures, Some(amount(applied.used))));
        entries
    }

    fn standard(&self, step: &Step) -> Entry<'a> {
        let lang = self.lang;
        let yearly = self.how.is_some_and(|how| how.deductible_yearly);
        let name = match (yearly, step.after.is_zero()) {
            (_, true) => lang.of("不设起付标准", "No deductible"),
            (true, _) => lang.of("年度起付标准", "Deductible of the year"),
            (false, _) => lang.of("起付标准", "Deductible"),
        };
        let label = if step.after.is_zero() { name.to_owned() } else { format!("{name} {}", yuan(lang, step.after)) };
        let mut figures = Vec::new();
        if let [value, index] = self.statement.sources_of(step).as_slice() {
            let share = value.share_of(index, lang);
            if !share.is_empty() {
                figures.push(format!("{share} = {}", step.after.grouped()));
            }
        }
        self.entry(label, &[step], figures, None)
    }

    /// Factors, the floor, and what the year has paid already.
    fn on_the_way(&self) -> Vec<Entry<'a>> {
        let lang = self.lang;
        let mut entries = Vec::new();
        for step in self.steps(Rule::DeductibleFactor) {
            let factor = figures::rate(rate(step.used));
            let label = format!("{} × {factor}", lang.of("起付标准", "Deductible"));
            let figures = vec![format!("{} × {factor} = {}", step.before.grouped(), step.after.grouped())];
            entries.push(self.entry(label, &[step], figures, None));
        }
        for step in self.steps(Rule::DeductibleFloor) {
            let label = format!("{} {}", lang.of("起付标准最低", "Deductible at least"), yuan(lang, amount(step.used)));
            let figures = vec![format!("{} → {}", step.before.grouped(), step.after.grouped())];
            entries.push(self.entry(label, &[step], figures, None));
        }
        for step in self.steps(Rule::DeductibleMet) {
            let met = amount(step.used);
            let label = format!("{} {}", lang.of("本年已付起付线", "Deductible paid this year"), yuan(lang, met));
            let figures = vec![format!("{} − {} = {}", step.before.grouped(), met.grouped(), step.after.grouped())];
            entries.push(self.entry(label, &[step], figures, None));
        }
        entries
    }

    fn applied(&self, step: &Step, due: money::Fen) -> Vec<String> {
        if due.is_zero() {
            return Vec::new();
        }
        let arrow = format!("{} → {}", step.before.grouped(), step.after.grouped());
        if amount(step.used) < due {
            let short = self.lang.of("费用未超过起付标准，全部由个人负担", "the costs do not exceed it");
            return vec![format!("{arrow}{}{short}", self.lang.comma())];
        }
        vec![arrow]
    }
}
