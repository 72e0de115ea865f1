//! The centre, served to a test that speaks for all provinces and sets its clock.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use cross_province::{MIGRATIONS, Parts, Peers, Policies, default_terms};
use crossing::BillId;
use host::{Clock, Server, Stop, SystemIds};
use pb::ClearingItemKind as Kind;
use pb::clearing_service_client::ClearingServiceClient;
use pb::cross_province::v1 as pb;
use rpc::Client;
use store::{Database, migrations};
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::pair::{key_of, packs};

pub(crate) const CENTRE: &str = "100000";
/// Two provinces, and a third.
pub(crate) const A: &str = "990000";
pub(crate) const B: &str = "980000";
pub(crate) const C: &str = "970000";
pub(crate) const MAY: &str = "2026-05";

/// A clock that a test sets.
pub(crate) struct Hand(Mutex<DateTime<Utc>>);

impl Hand {
    pub(crate) fn at(moment: &str) -> Arc<Self> {
        Arc::new(Self(Mutex::new(moment.parse().unwrap())))
    }

    pub(crate) fn set(&self, moment: &str) {
        *self.0.lock().unwrap() = moment.parse().unwrap();
    }
}

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// The table of the centre and three provinces that are never called.
fn table() -> String {
    let row = |province: &&str| {
        let public = hex::encode(key_of(province).public());
        format!(
            "[[peer]]\nprovince = \"{province}\"\ncentre = {}\naddress = \"http://127.0.0.1:9\"\n[[peer.key]]\nid = \"k1\"\npublic = \"{public}\"\n\
             from = \"2020-01-01\"\n",
            *province == CENTRE
        )
    };
    [CENTRE, A, B, C].iter().map(row).collect()
}

/// The centre, served.
pub(crate) struct Centre {
    pub(crate) clock: Arc<Hand>,
    address: SocketAddr,
}

impl Centre {
    /// On the day after the declarations of May and before the last day of confirming.
    pub(crate) async fn open(url: &str) -> Self {
        let database = Database::open(url).await.unwrap();
        migrations::migrate(&database, MIGRATIONS).await.unwrap();
        let clock = Hand::at("2026-06-21T01:00:00Z");
        let parts = Parts {
            database,
            province: CENTRE.parse().unwrap(),
            peers: Peers::read(&table()).unwrap(),
            key: key_of(CENTRE),
            tls: None,
            forwards: true,
            settlement: rpc::channel("http://127.0.0.1:9").unwrap(),
            enrolment: None,
            policies: Policies::Fixed(Arc::new(policy::Policy::compile(&packs()).unwrap())),
            clock: Arc::<Hand>::clone(&clock),
            ids: Arc::new(SystemIds),
            terms: default_terms(),
        };
        let mut running = cross_province::start(parts, &Stop::when(std::future::pending())).unwrap();
        running.tasks.detach_all();
        let server = Server::bind_silently((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let address = server.address();
        tokio::spawn(server.serve(running.services, Duration::from_secs(5), std::future::pending()));
        Self { clock, address }
    }

    pub(crate) fn client(&self) -> ClearingServiceClient<Client> {
        ClearingServiceClient::new(rpc::channel(&format!("http://{}", self.address)).unwrap())
    }

    pub(crate) async fn opens(&self, month: &str) -> pb::ClearingPeriod {
        self.client().open_period(opening(month)).await.unwrap().into_inner().period.unwrap()
    }

    pub(crate) async fn declares(
        &self,
        month: &str,
        care: &str,
        items: Vec<pb::ClearingItem>,
    ) -> Result<pb::DeclareItemsResponse, Status> {
        let request = pb::DeclareItemsRequest { items, month: month.to_owned(), care_division: care.to_owned() };
        Ok(self.client().declare_items(tokio_stream::once(request)).await?.into_inner())
    }

    pub(crate) async fn makes(&self, month: &str) -> Result<pb::ClearingSheet, Status> {
        let request = pb::MakeSheetRequest {
            idempotency_key: format!("make-{month}"),
            month: month.to_owned(),
            officer_id: "wang".to_owned(),
        };
        Ok(self.client().make_sheet(request).await?.into_inner().sheet.unwrap())
    }

    pub(crate) async fn sheet(&self, month: &str) -> pb::ClearingSheet {
        let request = pb::GetSheetRequest { month: month.to_owned() };
        self.client().get_sheet(request).await.unwrap().into_inner().sheet.unwrap()
    }

    pub(crate) async fn confirms(
        &self,
        month: &str,
        (care, insured): (&str, &str),
        cleared_fen: i64,
    ) -> Result<pb::ClearingRow, Status> {
        let request = pb::ConfirmSheetRequest {
            idempotency_key: format!("confirm-{month}-{care}-{insured}-{cleared_fen}"),
            month: month.to_owned(),
            care_division: care.to_owned(),
            insured_division: insured.to_owned(),
            cleared_fen,
        };
        Ok(self.client().confirm_sheet(request).await?.into_inner().row.unwrap())
    }

    pub(crate) async fn disputes(
        &self,
        month: &str,
        (care, insured): (&str, &str),
        bills: &[u8],
    ) -> Result<pb::ClearingRow, Status> {
        let bill =
            |number: &u8| pb::DisputedBill { bill_id: bill(*number).to_string(), reason: "never seen".to_owned() };
        let request = pb::DisputeBillsRequest {
            idempotency_key: format!("dispute-{month}-{care}-{insured}-{}", hex::encode(bills)),
            month: month.to_owned(),
            care_division: care.to_owned(),
            insured_division: insured.to_owned(),
            bills: bills.iter().map(bill).collect(),
        };
        Ok(self.client().dispute_bills(request).await?.into_inner().row.unwrap())
    }

    pub(crate) async fn issues(&self, month: &str) -> Result<pb::ClearingSheet, Status> {
        let request = pb::IssueNoticesRequest {
            idempotency_key: format!("issue-{month}"),
            month: month.to_owned(),
            officer_id: "wang".to_owned(),
        };
        Ok(self.client().issue_notices(request).await?.into_inner().sheet.unwrap())
    }

    pub(crate) async fn lists(&self, month: &str, (care, insured): (&str, &str), page_size: u32) -> Vec<pb::SheetBill> {
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = pb::ListSheetBillsRequest {
                month: month.to_owned(),
                care_division: care.to_owned(),
                insured_division: insured.to_owned(),
                kind: 0,
                page_size,
                page_token,
            };
            let page = self.client().list_sheet_bills(request).await.unwrap().into_inner();
            all.extend(page.bills);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return all;
            }
        }
    }

    pub(crate) async fn proposes(&self, number: u8, deducted_fen: i64, officer: &str) -> Result<pb::Dispute, Status> {
        let request = pb::ProposeResolutionRequest {
            idempotency_key: format!("propose-{number}-{deducted_fen}-{officer}"),
            bill_id: bill(number).to_string(),
            deducted_fen,
            reason: "as both have shown".to_owned(),
            officer_id: officer.to_owned(),
        };
        Ok(self.client().propose_resolution(request).await?.into_inner().dispute.unwrap())
    }

    pub(crate) async fn resolves(&self, number: u8, deducted_fen: i64, officer: &str) -> Result<pb::Dispute, Status> {
        let request = pb::ConfirmResolutionRequest {
            idempotency_key: format!("resolve-{number}-{deducted_fen}-{officer}"),
            bill_id: bill(number).to_string(),
            deducted_fen,
            officer_id: officer.to_owned(),
        };
        Ok(self.client().confirm_resolution(request).await?.into_inner().dispute.unwrap())
    }
}

pub(crate) fn opening(month: &str) -> pb::OpenPeriodRequest {
    pb::OpenPeriodRequest {
        idempotency_key: format!("open-{month}"),
        month: month.to_owned(),
        officer_id: "wang".to_owned(),
    }
}

pub(crate) fn bill(number: u8) -> BillId {
    BillId([number; 16])
}

pub(crate) fn item(number: u8, kind: Kind, insured: &str, day: &str, owed_fen: i64) -> pb::ClearingItem {
    pb::ClearingItem {
        bill_id: bill(number).to_string(),
        kind: kind.into(),
        insured_division: insured.to_owned(),
        booked_date: day.to_owned(),
        owed_fen,
    }
}

pub(crate) fn settled(number: u8, insured: &str, owed_fen: i64) -> pb::ClearingItem {
    item(number, Kind::Settled, insured, "2026-05-10", owed_fen)
}

pub(crate) fn cleared(sheet: &pb::ClearingSheet, care: &str, insured: &str) -> i64 {
    let row = sheet.rows.iter().find(|row| row.care_division == care && row.insured_division == insured);
    row.map(|row| row.cleared_fen).unwrap_or_default()
}

pub(crate) fn nets(sheet: &pb::ClearingSheet) -> Vec<(&str, i64)> {
    sheet.nets.iter().map(|net| (net.division.as_str(), net.net_fen)).collect()
}

pub(crate) fn state(status: &Status) -> String {
    let details = status.get_error_details();
    details.error_info().and_then(|info| info.metadata.get("state").cloned()).unwrap_or_default()
}

pub(crate) fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    violations.into_iter().map(|violation| violation.field).collect()
}
