//! Makes a share of the people assisted before they are billed.

use pb::assistance::v1::GrantCategoryRequest;
use pb::assistance::v1::category_service_client::CategoryServiceClient;
use policy::case::Bills;
use rpc::Client;
use tokio::task::JoinSet;

use super::Broken;
use super::load::person;
use crate::granting::granting;

/// Grants the categories of a case's person to this many of each hundred people, many calls at a time.
pub(super) async fn grant(bills: &Bills, percent: u64, people: u64, address: &str) -> Result<(), Broken> {
    let Some(bill) = bills.bills.first() else { return Ok(()) };
    let client = CategoryServiceClient::new(rpc::channel(address)?);
    let mut calls = JoinSet::new();
    for number in (0..people).filter(|number| number % 100 < percent) {
        for category in &bills.person.categories {
            let request = granting(person(number), *category, bills.person.division, bill.from, "bench");
            calls.spawn(one(client.clone(), request));
            if calls.len() >= CALLS_MOST
                && let Some(ended) = calls.join_next().await
            {
                ended??;
            }
        }
    }
    while let Some(ended) = calls.join_next().await {
        ended??;
    }
    Ok(())
}

const CALLS_MOST: usize = 32;

async fn one(mut client: CategoryServiceClient<Client>, request: GrantCategoryRequest) -> Result<(), tonic::Status> {
    client.grant_category(request).await.map(drop)
}
