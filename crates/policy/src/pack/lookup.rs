use chrono::NaiveDate;

use super::parameter::{Dated, Parameter, Row};
use super::tree::{Division, Mechanism};

/// A parameter's rows in force on a day, and whose they are.
#[derive(Clone, Debug)]
pub(crate) struct InForce<'t> {
    pub(crate) parameter: &'t Parameter,
    pub(crate) rows: Vec<(&'t Row, &'t Dated)>,
}

/// The rows in force on a day: the nearest division of the chain wins, within one the first address.
pub(crate) fn in_force<'t>(chain: &[&'t Division], addresses: &[String], date: NaiveDate) -> Option<InForce<'t>> {
    chain.iter().find_map(|division| {
        addresses.iter().find_map(|address| {
            let parameter = division.parameters.get(address).filter(|parameter| parameter.is_set(date))?;
            let rows = parameter.rows.iter().filter_map(|row| row.on(date).map(|dated| (row, dated))).collect();
            Some(InForce { parameter, rows })
        })
    })
}

/// The mechanism key, of the nearest division that writes it.
pub(crate) fn mechanism<'t>(chain: &[&'t Division], addresses: &[String]) -> Option<(&'t Mechanism, String)> {
    chain.iter().find_map(|division| {
        addresses
            .iter()
            .find_map(|address| division.mechanisms.get(address).map(|mechanism| (mechanism, address.clone())))
    })
}
