use money::Fen;

use super::layer::Layered;
use super::{Entry, amount};
use crate::compile::CeilingPeriod;
use crate::decision::{Rule, Step};
use crate::statement::Lang;
use crate::statement::figures::yuan;

impl<'a> Layered<'_, 'a> {
    /// Ceilings, what a fund kept elsewhere lets the bill take, and the balance of an account.
    pub(super) fn limits(&self) -> Vec<Entry<'a>> {
        let lang = self.lang;
        let mut entries = Vec::new();
        for step in self.steps(Rule::BillCeiling) {
            let label =
                format!("{} {}", lang.of("单次最高支付限额", "Ceiling of a bill"), yuan(lang, amount(step.used)));
            entries.push(self.entry(label, &[step], Vec::new(), None));
        }
        let extras: Fen = self.steps(Rule::CeilingExtra).map(|step| amount(step.used)).sum();
        for step in self.steps(Rule::Ceiling) {
            let label = format!("{} {}", self.period(), yuan(lang, amount(step.used)));
            let figures = if extras.is_zero() { self.left(step, Fen::ZERO) } else { Vec::new() };
            entries.push(self.entry(label, &[step], figures, None));
            for extra in self.steps(Rule::CeilingExtra) {
                let label =
                    format!("{} {}", lang.of("限额另加", "Added to the ceiling"), yuan(lang, amount(extra.used)));
                entries.push(self.entry(label, &[extra], self.left(step, extras), None));
            }
        }
        for step in self.steps(Rule::SharedCeiling) {
            let label = format!(
                "{} {}",
                lang.of("与其他待遇合并的年度限额", "Yearly ceiling shared with other layers"),
                yuan(lang, amount(step.used))
            );
            entries.push(self.entry(label, &[step], self.left(step, Fen::ZERO), None));
        }
        for step in self.steps(Rule::Held) {
            let label = format!(
                "{} {}",
                lang.of("基金管理方对本次费用可支付", "The service that keeps the fund lets this bill take"),
                yuan(lang, amount(step.used))
            );
            entries.push(self.entry(label, &[step], Vec::new(), None));
        }
        for step in self.steps(Rule::Balance) {
            let label = format!("{} {}", lang.of("账户余额", "Balance"), yuan(lang, step.before));
            let unused = step.after < step.before;
            let figures = unused.then(|| lang.of("本人未选择使用", "the person does not want it used").to_owned());
            entries.push(self.entry(label, &[step], figures.into_iter().collect(), None));
        }
        entries
    }

    /// Whether a ceiling is in force.
    pub(super) fn has_limit(&self) -> bool {
        [Rule::BillCeiling, Rule::Ceiling, Rule::SharedCeiling].into_iter().any(|rule| self.step(rule).is_some())
    }

    /// What a ceiling has counted, and what is left of it.
    fn left(&self, step: &Step, extra: Fen) -> Vec<String> {
        let lang = self.lang;
        let left = (amount(step.used) + extra).above(step.before);
        let costs = self.how.is_some_and(|how| how.ceiling_counts_cost);
        let counted = match (lang, costs) {
            (Lang::Zh, true) => "按费用计，以前已计",
            (Lang::Zh, false) => "以前已付",
            (Lang::En, true) => "counts costs; counted before",
            (Lang::En, false) => "paid before",
        };
        let rest = lang.of("尚余", "left");
        vec![format!("{counted} {}{}{rest} {}", step.before.grouped(), lang.comma(), left.grouped())]
    }

    fn period(&self) -> String {
        let lang = self.lang;
        let per_disease = self.how.is_some_and(|how| how.ceiling_per_disease);
        let name = match self.how.map_or(CeilingPeriod::Year, |how| how.ceiling_period) {
            CeilingPeriod::Year => lang.of("年度最高支付限额", "Yearly ceiling"),
            CeilingPeriod::Quarter => lang.of("季度最高支付限额", "Quarterly ceiling"),
            CeilingPeriod::Month => lang.of("月度最高支付限额", "Monthly ceiling"),
        };
        match (per_disease, lang) {
            (false, _) => name.to_owned(),
            (true, Lang::Zh) => format!("单病种{name}"),
            (true, Lang::En) => format!("{name} for a disease"),
        }
    }
}
