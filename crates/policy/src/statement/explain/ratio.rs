use money::{Fen, Rate};

use super::layer::Layered;
use super::{Entry, rate};
use crate::decision::{Rule, Step};
use crate::statement::Lang;
use crate::statement::figures::{self, per_cent};

impl<'a> Layered<'_, 'a> {
    /// The modifiers of the ratio, and each band of costs at its ratio.
    pub(super) fn ratio(&self) -> Vec<Entry<'a>> {
        let bands: Vec<&Step> = self.steps(Rule::Ratio).collect();
        let Some(first) = bands.first() else {
            return Vec::new();
        };
        let modifiers = self.modifiers();
        let modified = !modifiers.is_empty();
        let mut entries = if modified { vec![self.written(first)] } else { Vec::new() };
        entries.extend(modifiers);
        let name = match (bands.len(), modified) {
            (1, false) => self.lang.of("支付比例", "Ratio"),
            (1, true) => self.lang.of("调整后支付比例", "Ratio after these"),
            (_, false) => self.lang.of("分段支付比例", "Ratios by band"),
            (_, true) => self.lang.of("调整后分段支付比例", "Ratios by band after these"),
        };
        let label = match bands.as_slice() {
            [only] => format!("{name} {}", figures::rate(rate(only.used))),
            _ => name.to_owned(),
        };
        let mut figures: Vec<String> = bands.iter().map(|step| product(step)).collect();
        figures.extend(self.sum(&bands));
        let basis: &[&Step] = if modified { &[] } else { &[first] };
        entries.push(self.entry(label, basis, figures, Some(self.share.computed)));
        entries
    }

    /// The ratio as the pack says it, before modifiers.
    fn written(&self, step: &Step) -> Entry<'a> {
        let lang = self.lang;
        let mut entry = self.entry(String::new(), &[step], Vec::new(), None);
        let value = entry.basis.first().map_or("", |source| source.citation.value.as_str());
        let bands: Vec<&str> = value.split(", ").collect();
        let spelled: Vec<String> = bands.iter().map(|band| self::band(band, bands.len(), lang)).collect();
        entry.label = format!("{} {}", lang.of("支付比例", "Ratio"), spelled.join(lang.of("、", ", ")));
        entry
    }

    /// What the bands come to, where that is not what stands in the only one of them.
    fn sum(&self, bands: &[&Step]) -> Option<String> {
        let (lang, computed) = (self.lang, self.share.computed);
        let sum: Fen = bands.iter().map(|step| step.after).sum();
        if sum == computed {
            let shown = (bands.len() > 1).then(|| computed.grouped());
            return shown.map(|computed| format!("{} {computed}", lang.of("合计", "together")));
        }
        let of_year = self.how.is_some_and(|how| how.bands_yearly);
        let why = if of_year {
            lang.of(
                "按全年累计费用应付，减去本年以前各次，本次为",
                "due on the year's costs, less what the earlier bills gave; this bill",
            )
        } else {
            lang.of("合计后取整", "rounded in the sum")
        };
        Some(format!("{why} {}", computed.grouped()))
    }

    fn modifiers(&self) -> Vec<Entry<'a>> {
        let lang = self.lang;
        let mut entries = Vec::new();
        for step in self.steps(Rule::RatioPoints) {
            entries.push(self.entry(points(lang, rate(step.used)), &[step], Vec::new(), None));
        }
        for step in self.steps(Rule::RatioPerYearOfAge) {
            let (each, age) = (per_cent(rate(step.used)), self.statement.person.age.unwrap_or(0));
            let label = match lang {
                Lang::Zh => format!("年龄每岁加 {each} 个百分点，{age} 岁"),
                Lang::En => format!("{each} points for each of {age} years of age"),
            };
            entries.push(self.entry(label, &[step], Vec::new(), None));
        }
        for step in self.steps(Rule::OwnShareFactor) {
            let factor = figures::rate(rate(step.used));
            let label = match lang {
                Lang::Zh => format!("个人自付比例乘以 {factor}"),
                Lang::En => format!("Own share × {factor}"),
            };
            entries.push(self.entry(label, &[step], Vec::new(), None));
        }
        for step in self.steps(Rule::RatioMax) {
            let label = format!("{} {}", lang.of("支付比例最高", "Ratio at most"), figures::rate(rate(step.used)));
            entries.push(self.entry(label, &[step], Vec::new(), None));
        }
        entries
    }
}

/// `19,200.00 × 0.60 = 11,520.00`.
fn product(step: &Step) -> String {
    format!("{} × {} = {}", step.before.grouped(), figures::rate(rate(step.used)), step.after.grouped())
}

/// `0.60 to 100000.00` for people; the last band has no end.
fn band(written: &str, bands: usize, lang: Lang) -> String {
    let Some((ratio, end)) = written.split_once(" to ") else {
        return match (bands, lang) {
            (1, _) => written.to_owned(),
            (_, Lang::Zh) => format!("以上 {written}"),
            (_, Lang::En) => format!("{written} above"),
        };
    };
    let end = end.parse().map_or_else(|_| end.to_owned(), Fen::grouped);
    match lang {
        Lang::Zh => format!("{end} 以内 {ratio}"),
        Lang::En => format!("{ratio} to {end}"),
    }
}

fn points(lang: Lang, points: Rate) -> String {
    let up = points >= Rate::ZERO;
    let size = per_cent(if up { points } else { Rate::ZERO - points });
    match (lang, up) {
        (Lang::Zh, true) => format!("支付比例提高 {size} 个百分点"),
        (Lang::Zh, false) => format!("支付比例降低 {size} 个百分点"),
        (Lang::En, true) => format!("Ratio raised by {size} points"),
        (Lang::En, false) => format!("Ratio lowered by {size} points"),
    }
}
