//! A report as a file: text for people, CSV for spreadsheets, JSON for programs, each part by itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use money::Fen;
use policy::Policy;
use serde_json::{Value as Json, json};
use terms::{Category, Name, Word};

use super::super::export::quoted;
use crate::app::report::{Compared, INDICATOR, Part, Reporting};
use crate::domain::{Cell, Row, Sum};

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Chinese,
    English,
    Csv,
    Json,
}

/// The names of payers, Chinese and English; one that is not known is called as in packs.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<Name, (String, String)>);

impl Names {
    /// Those of a policy.
    pub(super) fn of(policy: Option<&Policy>) -> Self {
        let payers = policy.into_iter().flat_map(|policy| (0..u16::MAX).map_while(|number| policy.payer(number)));
        Self(payers.map(|payer| (payer.name, (payer.zh.clone(), payer.en.clone()))).collect())
    }

    pub(super) fn name<'a>(&'a self, payer: &'a Name, form: Form) -> &'a str {
        let known = self.0.get(payer);
        known.map_or(payer.as_str(), |(zh, en)| if form == Form::English { en } else { zh })
    }
}

/// The names of the columns.
const COLUMNS: &str = "part,division,month,category,care,people,bills,people_assisted,bills_assisted,total_yuan,\
    within_scope_yuan,fund_yuan,cash_yuan,payers_yuan,share_rate,target_rate,is_below,policy_version\r\n";

impl Form {
    /// What stands before the first part.
    pub(super) fn head(self, asked: &Reporting) -> String {
        let places: Vec<String> = asked.divisions.iter().map(ToString::to_string).collect();
        let (from, to, places) = (asked.from, asked.to, places.join(" "));
        match self {
            Self::Chinese => format!(
                "医疗保障救助报告，{from} 至 {to}，参保地 {places}（含下级）\n金额单位：元。月份为结算月份。按现行有效的结算结果统计，已冲正的不计；\
                 每行中每人只计一次，合计行不重复计人\n\n"
            ),
            Self::English => format!(
                "Who was helped, {from} to {to}, insured in {places} and below\nAmounts in yuan. Months are months of settlement. Claims count as they stand, \
                 reversed ones not at all; a person counts once in each line, so sums may be less than what their lines add up to\n\n"
            ),
            Self::Csv => COLUMNS.to_owned(),
            Self::Json => String::new(),
        }
    }

    /// A part.
    pub(super) fn part(self, part: &Part, names: &Names) -> String {
        match (self, part) {
            (Self::Csv, Part::Row(row)) => csv_row(row),
            (Self::Csv, Part::Indicator(compared)) => csv_indicator(compared),
            (Self::Csv, Part::End { .. }) => String::new(),
            (Self::Json, part) => format!("{}\n", json_part(part)),
            (_, Part::Row(row)) => self.text_row(row, names),
            (_, Part::Indicator(compared)) => self.text_indicator(compared),
            (Self::English, Part::End { rows, read_at }) => format!("\n{rows} rows, as of {}\n", read_at.to_rfc3339()),
            (_, Part::End { rows, read_at }) => format!("\n共 {rows} 行，截至 {}\n", read_at.to_rfc3339()),
        }
    }

    pub(super) fn word<W: Word>(self, word: W) -> &'static str {
        if self == Self::English { word.en() } else { word.zh() }
    }

    pub(super) fn say(self, zh: &'static str, en: &'static str) -> &'static str {
        if self == Self::English { en } else { zh }
    }

    fn text_row(self, row: &Row, names: &Names) -> String {
        let mut text = format!("{}\n", self.text_cell(&row.cell));
        for (care, sum) in &row.cares {
            text.push_str(&self.text_sum(self.word(*care), sum, names));
        }
        if row.cares.len() != 1 {
            text.push_str(&self.text_sum(self.say("各类合计", "all kinds of care"), &row.sum, names));
        }
        text
    }

    fn text_cell(self, cell: &Cell) -> String {
        let parts = [
            cell.division.map(|division| division.to_string()),
            cell.month.map(|month| month.to_string()),
            cell.category.map(|category: Category| self.word(category).to_owned()),
        ];
        let known: Vec<String> = parts.iter().flatten().cloned().collect();
        match known.len() {
            0 => self.say("总计", "All").to_owned(),
            3 => known.join("  "),
            _ => format!("{} {}", self.say("合计", "All of"), known.join("  ")),
        }
    }

    fn text_sum(self, what: &str, sum: &Sum, names: &Names) -> String {
        let Sum { people, bills, people_assisted, bills_assisted, total, within_scope, fund, cash, payers } = sum;
        let (total, within_scope, fund, cash) =
            (total.grouped(), within_scope.grouped(), fund.grouped(), cash.grouped());
        let mut text = if self == Self::English {
            format!(
                "  {what}: {people} people, {bills} bills; assisted {people_assisted} people, {bills_assisted} bills; total {total}, \
                 within scope {within_scope}, funds {fund}, cash {cash}\n"
            )
        } else {
            format!(
                "  {what}：{people} 人，{bills} 人次；其中救助 {people_assisted} 人，{bills_assisted} 人次；总费用 {total}，\
                 政策范围内 {within_scope}，基金支付 {fund}，个人现金 {cash}\n"
            )
        };
        let paid: Vec<String> =
            payers.iter().map(|(payer, amount)| format!("{} {}", names.name(payer, self), amount.grouped())).collect();
        if !paid.is_empty() {
            // writing to a text does not fail
            let _ = writeln!(text, "    {}", paid.join(self.say("，", ", ")));
        }
        text
    }

    fn text_indicator(self, compared: &Compared) -> String {
        let Compared { division, fund, within_scope, indicator, .. } = compared;
        let (fund, within_scope) = (fund.grouped(), within_scope.grouped());
        let mut text = if self == Self::English {
            format!("{division}: funds paid {fund} of {within_scope} of inpatient costs within scope")
        } else {
            format!("{division}：住院政策范围内费用 {within_scope}，基金支付 {fund}")
        };
        let more = match indicator {
            None => self.say("，无可比指标", ", nothing to compare with").to_owned(),
            Some(found) => {
                let (share, target) = (found.share, found.target);
                match (self, found.below) {
                    (Self::English, true) => format!(", a share of {share}, below the target of {target}"),
                    (Self::English, false) => format!(", a share of {share}, at or above the target of {target}"),
                    (_, true) => format!("，占比 {share}，低于目标 {target}"),
                    (_, false) => format!("，占比 {share}，达到目标 {target}"),
                }
            }
        };
        let _ = writeln!(text, "{more}");
        text
    }
}

fn csv_row(row: &Row) -> String {
    let cell = &row.cell;
    let is_sum = cell.division.is_none() || cell.month.is_none() || cell.category.is_none();
    let head = [
        if is_sum { "sum" } else { "row" }.to_owned(),
        cell.division.map(|division| division.to_string()).unwrap_or_default(),
        cell.month.map(|month| month.to_string()).unwrap_or_default(),
        cell.category.map(|category| category.word().to_owned()).unwrap_or_default(),
    ];
    let line = |care: &str, sum: &Sum| {
        let payers: Vec<String> = sum.payers.iter().map(|(payer, amount)| format!("{payer}={amount}")).collect();
        let counts = [sum.people, sum.bills, sum.people_assisted, sum.bills_assisted].map(|count| count.to_string());
        let amounts = [sum.total, sum.within_scope, sum.fund, sum.cash].map(|amount: Fen| amount.to_string());
        let fields = head.iter().cloned().chain([care.to_owned()]).chain(counts).chain(amounts);
        csv_line(fields.chain([payers.join(" ")]).chain(std::iter::repeat_n(String::new(), 4)))
    };
    let mut text: String = row.cares.iter().map(|(care, sum)| line(care.word(), sum)).collect();
    text.push_str(&line("", &row.sum));
    text
}

fn csv_indicator(compared: &Compared) -> String {
    let Compared { division, fund, within_scope, policy, indicator } = compared;
    let of = |text: &dyn Fn(&policy::Indicator) -> String| indicator.as_ref().map(text).unwrap_or_default();
    let empty = |count| std::iter::repeat_n(String::new(), count);
    let fields = ["indicator".to_owned(), division.to_string()].into_iter().chain(empty(8));
    let amounts = [within_scope.to_string(), fund.to_string(), String::new(), String::new()];
    csv_line(fields.chain(amounts).chain([
        of(&|found| found.share.to_string()),
        of(&|found| found.target.to_string()),
        of(&|found| found.below.to_string()),
        policy.as_ref().map(|policy| policy.version().to_string()).unwrap_or_default(),
    ]))
}

pub(super) fn csv_line(fields: impl Iterator<Item = String>) -> String {
    let fields: Vec<String> = fields.map(|field| quoted(&field)).collect();
    format!("{}\r\n", fields.join(","))
}

fn json_part(part: &Part) -> Json {
    match part {
        Part::Row(row) => {
            let cares: Vec<Json> =
                row.cares.iter().map(|(care, sum)| json!({ "care": care.word(), "sum": json_sum(sum) })).collect();
            let cell = &row.cell;
            json!({
                "part": "row", "division": cell.division.map(|division| division.to_string()),
                "month": cell.month.map(|month| month.to_string()), "category": cell.category.map(Category::word),
                "cares": cares, "sum": json_sum(&row.sum),
            })
        }
        Part::Indicator(compared) => {
            let indicator = compared.indicator.as_ref();
            json!({
                "part": "indicator", "division": compared.division.to_string(), "name": INDICATOR,
                "fund_fen": compared.fund.get(), "within_scope_fen": compared.within_scope.get(),
                "share_rate": indicator.map(|found| found.share.to_string()),
                "target_rate": indicator.map(|found| found.target.to_string()),
                "below": indicator.map(|found| found.below),
                "policy_version": compared.policy.as_ref().map(|policy| policy.version().to_string()),
            })
        }
        Part::End { rows, read_at } => json!({ "part": "end", "rows": rows, "read_at": read_at.to_rfc3339() }),
    }
}

fn json_sum(sum: &Sum) -> Json {
    let payers: serde_json::Map<String, Json> =
        sum.payers.iter().map(|(payer, amount)| (payer.to_string(), json!(amount.get()))).collect();
    json!({
        "people": sum.people, "bills": sum.bills, "people_assisted": sum.people_assisted,
        "bills_assisted": sum.bills_assisted, "total_fen": sum.total.get(), "within_scope_fen": sum.within_scope.get(),
        "fund_fen": sum.fund.get(), "cash_fen": sum.cash.get(), "payers_fen": payers,
    })
}
