//! The rules, one file each: pure functions over compiled tables and facts.

pub(crate) mod account_credit;
pub(crate) mod application;
pub(crate) mod away;
pub(crate) mod bands;
pub(crate) mod category;
pub(crate) mod ceiling;
pub(crate) mod clauses;
pub(crate) mod contribution;
pub(crate) mod coverage;
pub(crate) mod deductible;
pub(crate) mod elsewhere;
pub(crate) mod filing;
pub(crate) mod held;
pub(crate) mod index;
pub(crate) mod indicator;
pub(crate) mod layer;
pub(crate) mod limit;
pub(crate) mod off_class_b;
pub(crate) mod offer;
pub(crate) mod payment;
pub(crate) mod ratio;
pub(crate) mod scope;
pub(crate) mod subsidy;
pub(crate) mod watch;
