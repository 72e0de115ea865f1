//! Which services and calls there are, and that a call that changes something can be made twice.

use std::collections::BTreeSet;

use prost_types::FieldDescriptorProto;
use prost_types::field_descriptor_proto::Type;

use crate::descriptors::{calls, message};

/// First words of calls that change something.
const CHANGE: [&str; 55] = [
    "Adopt",
    "Answer",
    "Appeal",
    "Apply",
    "Attach",
    "Bind",
    "Book",
    "Cancel",
    "Change",
    "Close",
    "Confirm",
    "Correct",
    "Create",
    "Credit",
    "Debit",
    "Declare",
    "Deduct",
    "Deliver",
    "Dispute",
    "End",
    "Enrol",
    "File",
    "Grant",
    "Import",
    "Issue",
    "Join",
    "Leave",
    "Make",
    "Open",
    "Pay",
    "Post",
    "Propose",
    "Publish",
    "Reassess",
    "Recognise",
    "Reconcile",
    "Record",
    "Refund",
    "Register",
    "Reimburse",
    "Renew",
    "Report",
    "Reserve",
    "Resolve",
    "Resume",
    "Reverse",
    "Roll",
    "Run",
    "Settle",
    "Supply",
    "Suspend",
    "Switch",
    "Transfer",
    "Unbind",
    "Withdraw",
];

/// First words of calls that change nothing.
const READ: [&str; 14] = [
    "Adjudicate",
    "Check",
    "Compare",
    "Compute",
    "Diff",
    "Export",
    "Find",
    "Get",
    "List",
    "Pre",
    "Replay",
    "Split",
    "Stream",
    "Verify",
];

/// Calls that change something and take no key, for what they bring has an id for ever: the call, and its first field.
const NAMED_BY: [(&str, &str); 4] =
    [("Reserve", "hold_id"), ("PostChanges", "changes"), ("Deliver", "envelope"), ("DeclareItems", "items")];

/// `RefundLines` begins with `Refund`.
fn first_word(name: &str) -> &str {
    let end = name.char_indices().skip(1).find(|(_, letter)| letter.is_ascii_uppercase());
    end.map_or(name, |(at, _)| &name[..at])
}

#[test]
fn every_service_is_in_the_descriptor_set() {
    let found: BTreeSet<String> = calls().into_iter().map(|(service, _)| service).collect();
    let wanted = [
        "yibao.assistance.v1.ApplicationService",
        "yibao.assistance.v1.CategoryService",
        "yibao.assistance.v1.PayerService",
        "yibao.assistance.v1.PremiumService",
        "yibao.assistance.v1.ReportService",
        "yibao.assistance.v1.ReservationService",
        "yibao.assistance.v1.WatchService",
        "yibao.cross_province.v1.CareService",
        "yibao.cross_province.v1.ClearingService",
        "yibao.cross_province.v1.FilingService",
        "yibao.cross_province.v1.PeerService",
        "yibao.cross_province.v1.ProvinceClearingService",
        "yibao.enrolment.v1.DirectoryService",
        "yibao.enrolment.v1.EnrolmentService",
        "yibao.enrolment.v1.ImportService",
        "yibao.enrolment.v1.PersonService",
        "yibao.enrolment.v1.ReportService",
        "yibao.enrolment.v1.TransferService",
        "yibao.policy.v1.AnswerService",
        "yibao.policy.v1.RegistryService",
        "yibao.settlement.v1.AccountService",
        "yibao.settlement.v1.CatalogueService",
        "yibao.settlement.v1.OneStopService",
        "yibao.settlement.v1.ReconciliationService",
        "yibao.settlement.v1.SettlementService",
        "yibao.settlement.v1.SplitService",
    ];
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), wanted);
}

#[test]
fn a_call_that_changes_something_has_an_idempotency_key_and_one_that_reads_has_none() {
    let mut wrong = Vec::new();
    for (service, call) in calls() {
        let word = first_word(call.name());
        let changes = CHANGE.contains(&word);
        let request = message(call.input_type());
        let key = request.field.iter().find(|field| field.name() == "idempotency_key");
        let own = NAMED_BY.iter().find(|(name, _)| *name == call.name()).map(|(_, field)| *field);
        if let Some(own) = own {
            let first = request.field.iter().find(|field| field.number() == 1);
            if key.is_some() || first.map(FieldDescriptorProto::name) != Some(own) {
                wrong.push(format!("{service}/{}: is named by `{own}` = 1 and takes no key", call.name()));
            }
        } else if changes == READ.contains(&word) {
            wrong.push(format!("{service}/{}: say in this test whether {word} changes something", call.name()));
        } else if changes && !key.is_some_and(|key| key.r#type() == Type::String && key.number() == 1) {
            wrong.push(format!("{service}/{}: no `string idempotency_key = 1`", call.name()));
        } else if !changes && call.name() != "GetOutcome" && key.is_some() {
            wrong.push(format!("{service}/{}: reads, and asks for a key", call.name()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_list_has_pages() {
    let mut wrong = Vec::new();
    for (service, call) in calls().into_iter().filter(|(_, call)| first_word(call.name()) == "List") {
        let request = message(call.input_type());
        let reply = message(call.output_type());
        let asks = ["page_size", "page_token"].iter().all(|name| request.field.iter().any(|f| f.name() == *name));
        if !asks || !reply.field.iter().any(|field| field.name() == "next_page_token") {
            wrong.push(format!("{service}/{}", call.name()));
        }
    }
    assert!(wrong.is_empty(), "no pages: {}", wrong.join(", "));
}

#[test]
fn bulk_goes_in_and_out_by_streaming() {
    let streaming: BTreeSet<String> = calls()
        .into_iter()
        .filter(|(_, call)| call.client_streaming() || call.server_streaming())
        .map(|(_, call)| format!("{} {}", call.name(), if call.client_streaming() { "in" } else { "out" }))
        .collect();
    let wanted = [
        "AdoptShares in",
        "DeclareItems in",
        "ExportReport out",
        "ExportWatch out",
        "ImportCategories in",
        "ImportPeople in",
        "JoinMembers in",
        "ReconcileDetails in",
        "RunComparison out",
        "StreamBurdens out",
        "StreamCategoryDifferences out",
        "StreamClaims out",
        "StreamReport out",
        "StreamShares out",
        "StreamVersion out",
        "VerifyYears out",
    ];
    assert_eq!(streaming.iter().map(String::as_str).collect::<Vec<_>>(), wanted);
}
