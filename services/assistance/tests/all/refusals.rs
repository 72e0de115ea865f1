//! Calls of the contract that are not served yet say so.

use ::pb::assistance::v1 as pb;
use testkit::on_both;

use crate::support::{World, fault};

#[test]
fn a_call_that_is_not_served_yet_says_so() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let request = pb::GetCategoryImportRequest { import_id: "I1".to_owned() };
        let (reason, metadata) = fault(&world.categories.clone().get_category_import(request).await.unwrap_err());
        assert_eq!((reason.as_str(), metadata["state"].as_str()), ("WRONG_STATE", "not_served"));
    });
}
