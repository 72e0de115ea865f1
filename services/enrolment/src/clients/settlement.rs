use pb::settlement::v1::account_service_client::AccountServiceClient;
use pb::settlement::v1::{CreditAccountRequest, DebitAccountRequest, GetAccountRequest, MovementKind};
use rpc::{Client, Fault, Reason};
use terms::{Division, Name};
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::domain::{AccountCredit, CreditKind};

/// Settlement's accounts.
#[derive(Clone, Debug)]
pub(crate) struct Settlement {
    accounts: AccountServiceClient<Client>,
}

/// An amount to be taken off an account for something that is no bill; in fen.
pub(crate) struct Debit<'a> {
    /// The call's key: the same of every attempt.
    pub(crate) key: &'a str,
    pub(crate) person: &'a str,
    pub(crate) kind: MovementKind,
    pub(crate) amount_fen: i64,
    /// What it is for, or the credit that is taken back; names the debit for ever.
    pub(crate) about: &'a str,
    pub(crate) relative: &'a str,
    /// For what is taken back: the division, and the fund that gets it; none where it was brought in.
    pub(crate) back: Option<(Division, Option<Name>)>,
}

impl Settlement {
    pub(crate) fn new(client: Client) -> Self {
        Self { accounts: AccountServiceClient::new(client) }
    }

    /// Credits an account, under the credit's own id: from the fund of a division, or brought in there where no fund is given.
    pub(crate) async fn credit(
        &self,
        credit: &AccountCredit,
        (division, fund): (Division, Option<Name>),
    ) -> Result<(), Fault> {
        let kind = match credit.kind {
            CreditKind::Credit => MovementKind::Credit,
            CreditKind::BroughtIn => MovementKind::BroughtIn,
        };
        let request = CreditAccountRequest {
            idempotency_key: credit.id.clone(),
            person_id: credit.person.clone(),
            credit_id: credit.id.clone(),
            kind: kind.into(),
            amount_fen: credit.amount_fen,
            cover_year: u32::try_from(credit.cover_year).unwrap_or(0),
            division: division.to_string(),
            payer: fund.map(|fund| fund.to_string()).unwrap_or_default(),
        };
        self.accounts.clone().credit_account(request).await.map(|_| ()).map_err(|status| fault(&status))
    }

    /// What an account holds that can be spent, in fen.
    pub(crate) async fn balance(&self, person: &str) -> Result<i64, Fault> {
        let request = GetAccountRequest { person_id: person.to_owned() };
        let found = self.accounts.clone().get_account(request).await.map_err(|status| fault(&status))?;
        Ok(found.into_inner().balance_fen)
    }

    /// Takes an amount off an account, once for what it is about.
    pub(crate) async fn debit(&self, debit: Debit<'_>) -> Result<(), Fault> {
        let request = DebitAccountRequest {
            idempotency_key: debit.key.to_owned(),
            person_id: debit.person.to_owned(),
            kind: debit.kind.into(),
            amount_fen: debit.amount_fen,
            about_id: debit.about.to_owned(),
            relative_person_id: debit.relative.to_owned(),
            division: debit.back.map(|(division, _)| division.to_string()).unwrap_or_default(),
            payer: debit.back.and_then(|(_, payer)| payer).map(|payer| payer.to_string()).unwrap_or_default(),
            brought_in: debit.back.is_some_and(|(_, payer)| payer.is_none()),
        };
        self.accounts.clone().debit_account(request).await.map(|_| ()).map_err(|status| fault(&status))
    }
}

/// What settlement said, as a fault of this service: reasons a caller can do something about are handed on.
fn fault(status: &Status) -> Fault {
    let info = status.get_details_error_info();
    let word = info.as_ref().map(|info| format!("ERROR_REASON_{}", info.reason)).unwrap_or_default();
    let reason = Reason::from_str_name(&word);
    let message = format!("settlement: {}", status.message());
    match reason {
        Some(reason @ (Reason::Duplicate | Reason::BalanceTooLow | Reason::WrongState | Reason::Contended)) => {
            Fault::new(reason, message)
        }
        Some(Reason::Deadline) => Fault::late(),
        Some(Reason::Unavailable) | None => Fault::unavailable("settlement", std::time::Duration::from_secs(1)),
        Some(_) => Fault::internal(message),
    }
}
