//! How amounts, rates, days and moments are written.

use prost_types::FieldDescriptorProto;
use prost_types::field_descriptor_proto::Type;

use crate::descriptors::fields;

/// Words that an amount of money is named with.
const MONEY: [&str; 18] = [
    "amount",
    "amt",
    "balance",
    "burden",
    "cash",
    "ceiling",
    "cost",
    "credit",
    "deductible",
    "due",
    "fee",
    "fund",
    "paid",
    "pay",
    "payable",
    "premium",
    "price",
    "subsidy",
];

fn is_number(field: &FieldDescriptorProto) -> bool {
    !matches!(field.r#type(), Type::String | Type::Bytes | Type::Bool | Type::Message | Type::Enum | Type::Group)
}

/// What every rule below looks at: the fields that break it.
fn nowhere(rule: &str, breaks: impl Fn(&str, &FieldDescriptorProto) -> bool) {
    let found: Vec<String> =
        fields().into_iter().filter(|(_, field)| breaks(field.name(), field)).map(|(name, _)| name).collect();
    assert!(found.is_empty(), "{rule}: {}", found.join(", "));
}

#[test]
fn an_amount_is_an_int64_in_fen_and_nothing_else_is() {
    nowhere("`int64 …_fen`", |name, field| {
        let is_fen = name.ends_with("_fen");
        is_fen != (field.r#type() == Type::Int64)
    });
}

#[test]
fn a_number_named_like_money_is_in_fen() {
    nowhere("ends in `_fen`", |name, field| {
        let money = name.split('_').any(|word| MONEY.contains(&word));
        let counted = name.ends_with("_months") || name.ends_with("_years");
        is_number(field) && money && !counted && !name.ends_with("_fen")
    });
}

#[test]
fn nothing_is_a_float_and_counts_are_unsigned() {
    nowhere("uint32, uint64 or int64 fen", |_, field| {
        is_number(field) && !matches!(field.r#type(), Type::Uint32 | Type::Uint64 | Type::Int64)
    });
}

#[test]
fn a_rate_is_a_decimal_string() {
    nowhere("`string`", |name, field| {
        let is_rate = name.ends_with("rate") || name.ends_with("ratio") || name == "quantity";
        is_rate && field.r#type() != Type::String
    });
}

#[test]
fn a_day_is_a_string_and_a_moment_a_timestamp() {
    nowhere("`string …_date`, `google.protobuf.Timestamp …_at`", |name, field| {
        let is_moment = field.type_name() == ".google.protobuf.Timestamp";
        (name.ends_with("_date") && field.r#type() != Type::String) || name.ends_with("_at") != is_moment
    });
}

#[test]
fn a_division_a_version_a_hash_and_an_id_are_strings() {
    nowhere("`string`", |name, field| {
        let endings = ["division", "_version", "sha256", "_id", "_key", "_token"];
        endings.iter().any(|ending| name.ends_with(ending)) && field.r#type() != Type::String
    });
}
