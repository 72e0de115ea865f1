//! Reads who a hospital asks another province about.

use ::pb::enrolment::v1::DocumentType;
use chrono::NaiveDate;
use pb::cross_province::v1 as pb;
use rpc::Violations;
use sha2::{Digest as _, Sha256};
use terms::{Care, Division};
use wire::{read as fields, write};

const NUMBER_CHARS_MAX: usize = 50;
const PREFIX: &str = "DOCUMENT_TYPE_";

/// The province that is asked, and what. The document's number goes no further than here: its hash does.
pub(super) fn read(
    v: &mut Violations,
    r: &pb::FindInsuredRequest,
    own: Division,
    today: NaiveDate,
) -> Option<(Division, pb::Enquire)> {
    let kind = DocumentType::try_from(r.document_type).ok().filter(|kind| *kind != DocumentType::Unspecified);
    let kind = v.required("document_type", kind, "a known kind of document");
    let number = &r.document_number;
    let is_number = !number.is_empty() && number.chars().count() <= NUMBER_CHARS_MAX;
    if !is_number {
        // whatever it is, it is not repeated
        v.add(
            "document_number",
            "another text",
            format!("the document's number, at most {NUMBER_CHARS_MAX} characters"),
        );
    }
    let insured = fields::division(v, "insured_division", &r.insured_division);
    if insured.is_some_and(|division| division.province() == own) {
        v.add("insured_division", &r.insured_division, "a division of another province: settle it at home");
    }
    let care_division = fields::division(v, "care_division", &r.care_division);
    if care_division.is_some_and(|division| division.province() != own) {
        v.add("care_division", &r.care_division, "a division of this province");
    }
    let on = fields::optional_date(v, "on_date", &r.on_date).map(|on| on.unwrap_or(today));
    let care = fields::word::<Care>(v, "care", r.care);
    let disease = fields::optional_name(v, "disease", &r.disease);
    let wants_disease = matches!(care, Some(Care::Chronic | Care::Special));
    if wants_disease && r.disease.is_empty() {
        v.add("disease", "nothing", "the disease's code: chronic and special care is for one");
    }
    let wanted = pb::Enquire {
        document_sha256: document_sha256(kind?, number),
        care_division: care_division?.to_string(),
        on_date: write::date(on?),
        care: write::word(care?),
        disease: disease?.to_string(),
        emergency: r.emergency,
    };
    Some((insured?.province(), wanted))
}

/// The hash by which enrolment compares documents: of the word of its kind, a colon and its number.
fn document_sha256(kind: DocumentType, number: &str) -> String {
    let name = kind.as_str_name();
    let word = name.strip_prefix(PREFIX).unwrap_or(name).to_ascii_lowercase();
    hex::encode(Sha256::digest(format!("{word}:{number}")))
}
