//! Premium assistance as a part of a report's file: a row for each place, month of payment and category, and the sum.

use std::collections::BTreeMap;

use money::Fen;
use policy::Policy;
use serde_json::{Map, Value as Json, json};
use terms::{Division, Name, Word as _};

use super::form::{Form, Names, csv_line};
use crate::domain::{PremiumRow, PremiumSum, premium_fund};

/// What was paid of premiums, with the fund that paid it.
pub(super) struct Premiums {
    rows: Vec<(PremiumRow, Option<Name>)>,
    total: PremiumSum,
}

impl Premiums {
    /// Rows, each with the fund that assists there by the policy in use.
    pub(super) fn of(
        (rows, total): (Vec<PremiumRow>, PremiumSum),
        head: impl Fn(Division) -> Option<std::sync::Arc<Policy>>,
    ) -> Self {
        let fund = |division| head(division).and_then(|policy| premium_fund(&policy, division));
        Self {
            rows: rows.into_iter().map(|row| (fund(row.division), row)).map(|(fund, row)| (row, fund)).collect(),
            total,
        }
    }

    /// The part of the file; nothing where no premium was assisted.
    pub(super) fn write(&self, form: Form, names: &Names) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        match form {
            Form::Csv => self.csv(),
            Form::Json => self.json(),
            Form::Chinese | Form::English => self.text(form, names),
        }
    }

    /// What each fund paid in all.
    fn payers(&self) -> BTreeMap<Name, Fen> {
        let mut payers = BTreeMap::new();
        for (row, fund) in &self.rows {
            if let Some(fund) = fund {
                *payers.entry(*fund).or_insert(Fen::ZERO) += row.sum.amount;
            }
        }
        payers
    }

    fn text(&self, form: Form, names: &Names) -> String {
        let line = |what: String, sum: PremiumSum, payers: &BTreeMap<Name, Fen>| {
            let PremiumSum { people, premiums, handed_in, amount } = sum;
            let paid: Vec<String> = payers
                .iter()
                .map(|(payer, amount)| format!("{} {}", names.name(payer, form), amount.grouped()))
                .collect();
            let (paid, amount) = (paid.join(form.say("，", ", ")), amount.grouped());
            if form == Form::English {
                format!(
                    "  {what}: {people} people, {premiums} premiums ({handed_in} by categories handed in), {amount}: {paid}\n"
                )
            } else {
                format!("  {what}：{people} 人，{premiums} 笔（其中按导入类别 {handed_in} 笔），{amount}：{paid}\n")
            }
        };
        let mut text =
            form.say("\n参保资助（按缴费月份）\n", "\nPremiums that were assisted (months of payment)\n").to_owned();
        for (row, fund) in &self.rows {
            let what = format!("{}  {}  {}", row.division, row.month, form.word(row.category));
            text.push_str(&line(what, row.sum, &fund.iter().map(|fund| (*fund, row.sum.amount)).collect()));
        }
        text.push_str(&line(form.say("合计", "All").to_owned(), self.total, &self.payers()));
        text
    }

    fn csv(&self) -> String {
        let line = |head: [String; 4], sum: PremiumSum, payers: &BTreeMap<Name, Fen>| {
            let payers: Vec<String> = payers.iter().map(|(payer, amount)| format!("{payer}={amount}")).collect();
            let (people, premiums, amount) = (sum.people.to_string(), sum.premiums.to_string(), sum.amount.to_string());
            let empty = String::new;
            let counts = [people.clone(), premiums.clone(), people, premiums];
            let amounts = [amount.clone(), empty(), amount, empty(), payers.join(" ")];
            csv_line(
                head.into_iter().chain([empty()]).chain(counts).chain(amounts).chain(std::iter::repeat_n(empty(), 4)),
            )
        };
        let mut text = String::new();
        for (row, fund) in &self.rows {
            let category = row.category.word().to_owned();
            let head = ["premium".to_owned(), row.division.to_string(), row.month.to_string(), category];
            text.push_str(&line(head, row.sum, &fund.iter().map(|fund| (*fund, row.sum.amount)).collect()));
        }
        let head = ["premium_sum".to_owned(), String::new(), String::new(), String::new()];
        text.push_str(&line(head, self.total, &self.payers()));
        text
    }

    fn json(&self) -> String {
        let line = |part: &str, of: [Option<String>; 3], sum: PremiumSum, payers: &BTreeMap<Name, Fen>| {
            let [division, month, category] = of;
            let payers: Map<String, Json> =
                payers.iter().map(|(payer, amount)| (payer.to_string(), json!(amount.get()))).collect();
            let part = json!({
                "part": part, "division": division, "month": month, "category": category, "people": sum.people,
                "premiums": sum.premiums, "premiums_handed_in": sum.handed_in, "amount_fen": sum.amount.get(),
                "payers_fen": payers,
            });
            format!("{part}\n")
        };
        let mut text = String::new();
        for (row, fund) in &self.rows {
            let of = [row.division.to_string(), row.month.to_string(), row.category.word().to_owned()].map(Some);
            text.push_str(&line("premium", of, row.sum, &fund.iter().map(|fund| (*fund, row.sum.amount)).collect()));
        }
        text.push_str(&line("premium_sum", [None, None, None], self.total, &self.payers()));
        text
    }
}
