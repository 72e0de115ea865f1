//! Personal data stands in few messages, and none of them prints it.

use pb::assistance::v1::{CategoryRow, ImportCategoriesRequest, category_row};
use pb::cross_province::v1::FindInsuredRequest;
use pb::enrolment::v1::{
    DocumentType, FindPeopleRequest, FindPersonRequest, GetPhoneResponse, Identity, Person, PersonDocument,
    RegisterPersonRequest, Sex,
};

use crate::descriptors::fields;

#[test]
fn no_message_with_personal_data_prints_it() {
    let identity = Identity {
        name: "王小明".to_owned(),
        document_type: DocumentType::ResidentId.into(),
        document_number: "110101199003070001".to_owned(),
        born_date: "1990-03-07".to_owned(),
        sex: Sex::Male.into(),
        phone: "13800000000".to_owned(),
    };
    let person = Person { identity: Some(identity.clone()), ..Person::default() };
    let register = RegisterPersonRequest { identity: Some(identity.clone()), ..RegisterPersonRequest::default() };
    let find = FindPersonRequest {
        document_type: DocumentType::ResidentId.into(),
        document_number: identity.document_number.clone(),
    };
    let document = PersonDocument {
        document_type: DocumentType::ResidentId.into(),
        document_number: identity.document_number.clone(),
    };
    let elsewhere = FindInsuredRequest {
        document_type: DocumentType::ResidentId.into(),
        document_number: identity.document_number.clone(),
        ..FindInsuredRequest::default()
    };
    let people = FindPeopleRequest { documents: vec![document.clone()] };
    let phone = GetPhoneResponse { phone: identity.phone.clone() };
    let row = CategoryRow { who: Some(category_row::Who::Document(document.clone())), ..CategoryRow::default() };
    let import = ImportCategoriesRequest { rows: vec![row], ..ImportCategoriesRequest::default() };
    let all = [
        format!("{identity:?}"),
        format!("{person:?}"),
        format!("{register:?}"),
        format!("{find:?}"),
        format!("{document:?}"),
        format!("{elsewhere:?}"),
        format!("{people:?}"),
        format!("{phone:?}"),
        format!("{import:?}"),
    ];
    for printed in all {
        for secret in [&identity.name, &identity.document_number, &identity.born_date, &identity.phone] {
            assert!(!printed.contains(secret.as_str()), "{printed} holds {secret}");
        }
    }
}

#[test]
fn personal_data_stands_in_few_messages_only() {
    let personal = ["document_number", "phone", "address_of_person", "person_name", "born_date"];
    let found: Vec<String> = fields()
        .into_iter()
        .filter(|(_, field)| personal.contains(&field.name()))
        .map(|(name, _)| name)
        // a day of birth alone, asked of the pure policy, is nobody's
        .filter(|name| name != "yibao.policy.v1.CoverageFacts.born_date")
        .collect();
    let wanted = [
        "yibao.enrolment.v1.Identity.document_number",
        "yibao.enrolment.v1.Identity.born_date",
        "yibao.enrolment.v1.Identity.phone",
        "yibao.enrolment.v1.FindPersonRequest.document_number",
        "yibao.enrolment.v1.PersonDocument.document_number",
        "yibao.enrolment.v1.GetPhoneResponse.phone",
        "yibao.cross_province.v1.FindInsuredRequest.document_number",
    ];
    assert_eq!(found, wanted, "give the message a Debug in src/redact.rs that prints nothing, then name it here");
}
