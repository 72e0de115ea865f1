//! Statements for people, and replays.

use pb::settlement::v1::{
    GetStatementRequest, GetStatementResponse, Language, ReplayClaimRequest, ReplayClaimResponse, StatementFormat,
};
use policy::Lang;
use policy::statement::{OtherPayer, Others, Paint, Statement, html};
use rpc::{Fault, Violations};
use wire::read;

use super::{Settlement, numbered};
use crate::app::store_fault;
use crate::domain::Claim;
use crate::store::{self as tables, bytes_of, sha256};

impl Settlement {
    pub(super) async fn statement(&self, request: GetStatementRequest) -> Result<GetStatementResponse, Fault> {
        let mut v = Violations::new();
        let id = read::id(&mut v, "claim_id", &request.claim_id);
        let format = StatementFormat::try_from(request.format).ok();
        let format = format.filter(|format| *format != StatementFormat::Unspecified);
        if format.is_none() {
            let found = numbered(request.format);
            v.add("format", found, "STATEMENT_FORMAT_TEXT, STATEMENT_FORMAT_JSON or STATEMENT_FORMAT_HTML");
        }
        let lang = match request.language.map(Language::try_from) {
            None | Some(Ok(Language::Zh)) => Some(Lang::Zh),
            Some(Ok(Language::En)) => Some(Lang::En),
            Some(_) => {
                let found = numbered(request.language.unwrap_or_default());
                v.add("language", found, "LANGUAGE_ZH or LANGUAGE_EN, or nothing for LANGUAGE_ZH");
                None
            }
        };
        let (id, (format, lang)) = v.finish(id.zip(format.zip(lang)))?;
        let (claim, _) = self.stored(&id, request.revision).await?;
        let policy = self.policy_of(&claim).await?;
        let facts = &claim.decided.facts;
        let statement = Statement::new(&policy, &facts.person, &facts.bill, &claim.decided.decision);
        let repaid = tables::repaid(self.bench.database.reader(), &claim).await.map_err(store_fault)?;
        let offers = self.offers(&claim, request.revision).await;
        let others = match &offers {
            None => Others::NotAsked,
            Some(Err(_)) => Others::Away,
            Some(Ok(payers)) => Others::Known(payers),
        };
        let statement = statement.with_held(&facts.held).with_repaid(repaid).with_others(others);
        // printed, a claim that was reversed must not be taken for one that is paid
        let mark = (!claim.stands())
            .then(|| lang.of("已冲正，以下金额均已撤回", "REVERSED: every amount below was taken back"));
        let marked = |text: String, between: &str| match mark {
            Some(mark) => format!("{mark}{between}{text}"),
            None => text,
        };
        let (media_type, text) = match format {
            StatementFormat::Json if mark.is_some() => {
                let mut value = statement.json();
                if let Some(statement) = value.as_object_mut() {
                    statement.insert("reversed".to_owned(), true.into());
                }
                ("application/json", value.to_string())
            }
            StatementFormat::Json => ("application/json", statement.json_text()),
            StatementFormat::Html => {
                let title = marked(facts.bill.id.to_string(), " · ");
                ("text/html; charset=utf-8", html(&title, &[statement], lang))
            }
            _ => ("text/plain; charset=utf-8", marked(statement.text(lang, Paint::Plain), "\n\n")),
        };
        Ok(GetStatementResponse { media_type: media_type.to_owned(), text })
    }

    /// What other payers promise and have paid of a claim; none where nobody knows, or an earlier decision is shown.
    async fn offers(&self, claim: &Claim, revision: Option<u32>) -> Option<Result<Vec<OtherPayer>, Fault>> {
        let assistance = self.one_stop.assistance.as_ref().filter(|_| revision.is_none())?;
        let offers = assistance.offers(claim.id).await;
        if let Err(fault) = &offers {
            let error: &dyn std::error::Error = fault;
            tracing::warn!(error, claim = %claim.id, "a statement does not say what other payers promise");
        }
        Some(offers)
    }

    /// Decides a claim again from its stored facts under its own version, and compares the bytes with those stored.
    pub(super) async fn replay(&self, request: ReplayClaimRequest) -> Result<ReplayClaimResponse, Fault> {
        let mut v = Violations::new();
        let id = read::id(&mut v, "claim_id", &request.claim_id);
        let id = v.finish(id)?;
        let (claim, stored) = self.stored(&id, request.revision).await?;
        let policy = self.policy_of(&claim).await?;
        let decision = policy.adjudicate(&claim.decided.facts);
        let replayed = bytes_of(&decision).map_err(Fault::internal)?;
        let identical = stored == replayed;
        let write = |decision| wire::write::decision(&policy, decision, true);
        Ok(ReplayClaimResponse {
            identical,
            policy_version: policy.version().to_string(),
            stored_sha256: sha256(&stored),
            replayed_sha256: sha256(&replayed),
            stored: Some(write(&claim.decided.decision)),
            replayed: (!identical).then(|| write(&decision)),
        })
    }
}
