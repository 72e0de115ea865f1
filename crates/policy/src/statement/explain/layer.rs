use money::Fen;
use terms::{HeldWhy, Name};

use super::{Entry, Section, title};
use crate::PayerKind;
use crate::compile::{Base, Pot};
use crate::decision::{LayerShare, Rule, Settlement, Step};
use crate::facts::HeldShare;
use crate::statement::figures::yuan;
use crate::statement::source::{Source, once};
use crate::statement::{Lang, Statement};

/// One layer with what is needed to explain it.
pub(super) struct Layered<'s, 'a> {
    pub(super) statement: Statement<'a>,
    pub(super) settlement: &'a Settlement,
    pub(super) share: &'a LayerShare,
    /// Its place in the settlement.
    pub(super) at: usize,
    /// How the pack lets it work, where the policy at hand knows.
    pub(super) how: Option<&'s crate::compile::How>,
    pub(super) lang: Lang,
}

impl<'a> Layered<'_, 'a> {
    /// The layer in sentences.
    pub(super) fn section(&self) -> Section<'a> {
        let idle = self.idle();
        let entries = if idle.is_some() {
            Vec::new()
        } else {
            let mut entries = vec![self.base()];
            entries.extend(self.deductible());
            entries.extend(self.ratio());
            entries.extend(self.limits());
            entries.extend(self.paid());
            entries
        };
        let title = title(&self.statement, self.share, self.lang);
        Section { number: self.at + 1, title, paid: self.share.paid, idle, entries }
    }

    /// The steps of this layer of one rule.
    pub(super) fn steps(&self, rule: Rule) -> impl Iterator<Item = &'a Step> + use<'a> {
        let at = u8::try_from(self.at).ok();
        self.settlement.steps.iter().filter(move |step| step.rule == rule && step.layer == at && at.is_some())
    }

    /// The first step of this layer of one rule.
    pub(super) fn step(&self, rule: Rule) -> Option<&'a Step> {
        self.steps(rule).next()
    }

    /// A sentence with the sources of some steps.
    pub(super) fn entry(&self, label: String, steps: &[&Step], figures: Vec<String>, amount: Option<Fen>) -> Entry<'a> {
        let basis = once(steps.iter().flat_map(|step| self.statement.sources_of(step)));
        Entry { label, basis, figures, amount }
    }

    /// Why a layer did nothing: it does not apply, or there was nothing to look at, or it only counts.
    fn idle(&self) -> Option<Entry<'a>> {
        let lang = self.lang;
        if let Some(step) = self.step(Rule::NotApplied) {
            let plan = self.how.and_then(|how| how.plan).filter(|plan| !self.statement.person.plans.contains(plan));
            let label = match plan {
                Some(_) => lang.of("未参加，不适用", "not a member: does not apply"),
                None => lang.of("对此情形不适用", "does not apply to these facts"),
            };
            return Some(self.entry(label.to_owned(), &[step], Vec::new(), None));
        }
        if self.share.kind == PayerKind::Nobody {
            let label = format!(
                "{} {}",
                lang.of("只累计，不支付：本次计入", "counts only, pays nothing: this bill adds"),
                yuan(lang, self.share.base)
            );
            return Some(Entry::plain(label, None));
        }
        let nothing = lang.of("没有余下的费用，不支付", "nothing is left to look at: pays nothing");
        self.unused_account().or_else(|| self.share.base.is_zero().then(|| Entry::plain(nothing, None)))
    }

    /// An account that has nothing to give.
    fn unused_account(&self) -> Option<Entry<'a>> {
        let lang = self.lang;
        let step = self.step(Rule::Balance).filter(|step| step.after.is_zero())?;
        if step.before.is_zero() {
            return Some(Entry::plain(lang.of("账户无余额", "no balance"), None));
        }
        let why = self.why_less();
        let label = format!("{} {}{}{why}", lang.of("账户余额", "balance"), yuan(lang, step.before), lang.comma());
        Some(Entry::plain(label, None))
    }

    fn base(&self) -> Entry<'a> {
        let lang = self.lang;
        let costs = self.how.map_or_else(String::new, |how| self.costs(&how.base, how.whole));
        let label = match lang {
            Lang::Zh => format!("计算基数（{costs}）"),
            Lang::En => format!("Costs looked at ({costs})"),
        };
        let label = if costs.is_empty() { lang.of("计算基数", "Costs looked at").to_owned() } else { label };
        Entry::plain(label, Some(self.share.base))
    }

    /// Which costs a layer looks at.
    fn costs(&self, base: &Base, whole: bool) -> String {
        let lang = self.lang;
        let of = |name: &Name| {
            let earlier = self.settlement.layers.iter().find(|share| share.layer == *name);
            earlier.map_or_else(|| name.to_string(), |share| title(&self.statement, share, lang))
        };
        match base {
            Base::Pots(pots) => self.pots(pots, whole),
            Base::OverCeiling(name) => match lang {
                Lang::Zh => format!("{}最高支付限额以上的费用", of(name)),
                Lang::En => format!("costs above the ceiling of: {}", of(name)),
            },
            Base::CutByCeiling(name) => match lang {
                Lang::Zh => format!("{}因限额未支付的金额", of(name)),
                Lang::En => format!("payment cut off by the ceiling of: {}", of(name)),
            },
            Base::OwnShareOf(name) => match lang {
                Lang::Zh => format!("{}支付范围内的个人自付", of(name)),
                Lang::En => format!("own share of the costs paid on by: {}", of(name)),
            },
            Base::DeductibleOf(name) => match lang {
                Lang::Zh => format!("{}的起付线", of(name)),
                Lang::En => format!("deductible of: {}", of(name)),
            },
        }
    }

    fn pots(&self, pots: &[Pot], whole: bool) -> String {
        let lang = self.lang;
        let name = |pot: &Pot| match pot {
            Pot::WithinScope => lang.of("政策范围内费用", "costs within scope"),
            Pot::FirstSelfPaid => lang.of("先行自付", "first self-paid share"),
            Pot::OverLimit => lang.of("超限价", "over price limits"),
            Pot::OutsideCatalogue => lang.of("全自费", "outside the catalogue"),
        };
        let names: Vec<&str> = pots.iter().map(name).collect();
        let names = names.join(lang.of("、", ", "));
        let paid_before = self.settlement.layers.iter().take(self.at).any(|share| !share.paid.is_zero());
        match (whole || !paid_before, lang) {
            (true, _) => names,
            (false, Lang::Zh) => format!("{names}，前面支付后余下的部分"),
            (false, Lang::En) => format!("what is left of {names}"),
        }
    }

    /// Why the layer pays less than computed, or out of which costs; nothing where there is nothing to add.
    fn paid(&self) -> Option<Entry<'a>> {
        let (lang, share) = (self.lang, self.share);
        let mut figures = Vec::new();
        if share.paid < share.computed {
            let why = self.why_less();
            let (computed, paid) = (share.computed.grouped(), share.paid.grouped());
            figures.push(match lang {
                Lang::Zh => format!("应付 {computed}，{why}，实付 {paid}"),
                Lang::En => format!("{computed} would be due; {why}: {paid} is paid"),
            });
        }
        if share.paid != share.paid_within_scope && matches!(share.kind, PayerKind::Fund | PayerKind::Other) {
            let (within, outside) =
                (share.paid_within_scope.grouped(), (share.paid - share.paid_within_scope).grouped());
            figures.push(match lang {
                Lang::Zh => format!("其中政策范围内 {within}，范围外 {outside}"),
                Lang::En => format!("{within} of it within scope, {outside} outside"),
            });
        }
        let basis: Vec<Source<'a>> = Vec::new();
        let label = lang.of("支付", "Pays").to_owned();
        (!figures.is_empty()).then_some(Entry { label, basis, figures, amount: Some(share.paid) })
    }

    /// Whether the service that keeps the payer's fund could not be reached.
    fn is_away(&self) -> bool {
        let payer = self.statement.policy.payer(self.share.payer);
        let of_payer = |held: &&HeldShare| payer.is_some_and(|payer| payer.name == held.payer);
        self.statement.held.iter().find(of_payer).is_some_and(|held| held.why == HeldWhy::Away)
    }

    fn why_less(&self) -> &'static str {
        let lang = self.lang;
        match self.share.kind {
            PayerKind::Account | PayerKind::FamilyAccount => {
                if self.statement.person.use_account {
                    lang.of("以账户余额为限", "the balance is the limit")
                } else {
                    lang.of("本人未选择使用账户", "the person does not want the account used")
                }
            }
            _ if self.step(Rule::Held).is_some() && self.is_away() => lang.of(
                "救助系统暂不可用，随后自动补付",
                "assistance could not be reached, and the rest follows by itself",
            ),
            _ if self.step(Rule::Held).is_some() => {
                lang.of("以基金管理方可支付的额度为限", "what the fund lets this bill take is the limit")
            }
            _ if self.has_limit() => lang.of("受最高支付限额限制", "the ceiling is the limit"),
            _ => lang.of("以余下的费用为限", "no more is left to pay"),
        }
    }
}
