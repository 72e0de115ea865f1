//! Applications: applied for, decided by two officers, paid, appealed against.

use ::pb::assistance::v1 as pb;
use ::pb::settlement::v1 as settlement_pb;
use ::pb::r#type::v1::{self as type_pb, Category};
use pb::application_terms::Wanted;
use pb::proposed_decision::Verdict;
use pb::{ApplicationAct as Act, ApplicationState as State};
use testkit::on_both;
use tonic::Status;

use crate::support::{World, change, eventually, fault, fields, key, stand, terms};

/// What is applied for, in 370800 and the year 2022.
pub(crate) fn wanting(wanted: Wanted) -> pb::ApplicationTerms {
    pb::ApplicationTerms { division: "370800".to_owned(), year: 2022, wanted: Some(wanted) }
}

/// Temporary assistance, in fen.
pub(crate) fn aid(amount_fen: i64) -> Wanted {
    Wanted::Temporary(pb::TemporaryAid { amount_fen })
}

pub(crate) fn category(category: Category) -> Wanted {
    Wanted::Category(category.into())
}

/// A decision that approves temporary assistance, in fen.
pub(crate) fn grants_aid(temporary_fen: i64) -> Verdict {
    Verdict::Approval(pb::Approval { category: None, temporary_fen })
}

/// A decision that approves a category from a day on.
pub(crate) fn grants(category: Category, from: &str) -> Verdict {
    Verdict::Approval(pb::Approval { category: Some(terms(category, from, "")), temporary_fen: 0 })
}

pub(crate) fn rejects() -> Verdict {
    Verdict::Rejection("家庭收入高于标准".to_owned())
}

pub(crate) fn proof(reference: &str) -> settlement_pb::Evidence {
    let (kind, reference) = ("income_proof".to_owned(), reference.to_owned());
    settlement_pb::Evidence { kind, reference, sha256: "0f".repeat(32) }
}

impl World {
    pub(crate) async fn try_apply(&self, key: &str, person: &str, wanted: Wanted) -> Result<pb::Application, Status> {
        let request = pb::ApplyRequest {
            idempotency_key: key.to_owned(),
            person_id: person.to_owned(),
            terms: Some(wanting(wanted)),
            evidence: vec![proof("I-1")],
            operator_id: "window".to_owned(),
            remark: "本人申请".to_owned(),
        };
        Ok(self.applications.clone().apply(request).await?.into_inner().application.unwrap())
    }

    pub(crate) async fn apply(&self, person: &str, wanted: Wanted) -> pb::Application {
        self.try_apply(&key(), person, wanted).await.unwrap()
    }

    pub(crate) async fn try_attach(
        &self,
        key: &str,
        application: &str,
        many: usize,
    ) -> Result<pb::Application, Status> {
        let request = pb::AttachEvidenceRequest {
            idempotency_key: key.to_owned(),
            application_id: application.to_owned(),
            evidence: (0..many).map(|number| proof(&format!("I-{number}"))).collect(),
            operator_id: "window".to_owned(),
        };
        Ok(self.applications.clone().attach_evidence(request).await?.into_inner().application.unwrap())
    }

    pub(crate) async fn try_propose(
        &self,
        key: &str,
        application: &str,
        (officer, verdict): (&str, Verdict),
    ) -> Result<pb::ProposeDecisionResponse, Status> {
        let request = pb::ProposeDecisionRequest {
            idempotency_key: key.to_owned(),
            application_id: application.to_owned(),
            decision: Some(pb::ProposedDecision { verdict: Some(verdict) }),
            operator_id: officer.to_owned(),
            remark: String::new(),
        };
        Ok(self.applications.clone().propose_decision(request).await?.into_inner())
    }

    /// Proposes, and gives the number of the proposal.
    pub(crate) async fn propose(&self, application: &str, officer: &str, verdict: Verdict) -> u32 {
        let answer = self.try_propose(&key(), application, (officer, verdict)).await.unwrap();
        answer.application.unwrap().steps.last().unwrap().number
    }

    pub(crate) async fn try_confirm(
        &self,
        key: &str,
        application: &str,
        (officer, proposal, send_back): (&str, u32, bool),
    ) -> Result<pb::ConfirmDecisionResponse, Status> {
        let request = pb::ConfirmDecisionRequest {
            idempotency_key: key.to_owned(),
            application_id: application.to_owned(),
            proposal,
            send_back,
            operator_id: officer.to_owned(),
            remark: "同意".to_owned(),
        };
        Ok(self.applications.clone().confirm_decision(request).await?.into_inner())
    }

    /// Decides by two officers.
    pub(crate) async fn decide(
        &self,
        application: &str,
        (first, second): (&str, &str),
        verdict: Verdict,
    ) -> pb::ConfirmDecisionResponse {
        let proposal = self.propose(application, first, verdict).await;
        self.try_confirm(&key(), application, (second, proposal, false)).await.unwrap()
    }

    pub(crate) async fn try_pay(
        &self,
        key: &str,
        application: &str,
        (reference, amount_fen): (&str, i64),
    ) -> Result<pb::Application, Status> {
        let request = pb::PayApplicationRequest {
            idempotency_key: key.to_owned(),
            application_id: application.to_owned(),
            amount_fen,
            paid_date: "2022-10-10".to_owned(),
            payment_reference: reference.to_owned(),
            operator_id: "cashier".to_owned(),
        };
        Ok(self.applications.clone().pay_application(request).await?.into_inner().application.unwrap())
    }

    pub(crate) async fn try_appeal(&self, key: &str, application: &str) -> Result<pb::Application, Status> {
        let request = pb::AppealRequest {
            idempotency_key: key.to_owned(),
            application_id: application.to_owned(),
            reason: "数额有误".to_owned(),
            evidence: vec![proof("A-1")],
            operator_id: "window".to_owned(),
        };
        Ok(self.applications.clone().appeal(request).await?.into_inner().application.unwrap())
    }

    pub(crate) async fn try_withdraw(&self, key: &str, application: &str) -> Result<pb::Application, Status> {
        let request = pb::WithdrawApplicationRequest {
            idempotency_key: key.to_owned(),
            application_id: application.to_owned(),
            reason: "本人撤回".to_owned(),
            operator_id: "window".to_owned(),
        };
        Ok(self.applications.clone().withdraw_application(request).await?.into_inner().application.unwrap())
    }

    pub(crate) async fn application(&self, id: &str) -> pb::Application {
        let request = pb::GetApplicationRequest { application_id: id.to_owned() };
        self.applications.clone().get_application(request).await.unwrap().into_inner().application.unwrap()
    }

    async fn listed(&self, request: pb::ListApplicationsRequest) -> pb::ListApplicationsResponse {
        self.applications.clone().list_applications(request).await.unwrap().into_inner()
    }
}

/// Reason and state of a refusal.
pub(crate) fn refused<T: std::fmt::Debug>(answer: Result<T, Status>) -> (String, String) {
    let (reason, metadata) = fault(&answer.unwrap_err());
    (reason, metadata.get("state").cloned().unwrap_or_default())
}

pub(crate) fn wrong_state(state: &str) -> (String, String) {
    ("WRONG_STATE".to_owned(), state.to_owned())
}

/// Act and state of each step.
fn steps(application: &pb::Application) -> Vec<(Act, State)> {
    application.steps.iter().map(|step| (step.act(), step.state())).collect()
}

/// A person's bill as it was settled without a category, or as it was decided anew with the category of those impoverished by
/// illness; cash in fen.
pub(crate) fn billed(person: &str, sequence: u64, cash_fen: i64, has: bool) -> settlement_pb::Change {
    let mut change = change(person, sequence, "", &[("", 0, 0)]);
    let cause = if has { settlement_pb::RevisionCause::PersonChanged } else { settlement_pb::RevisionCause::Settled };
    let categories = if has { vec![Category::IllnessPoor.into()] } else { Vec::new() };
    change.years[0].categories.clone_from(&categories);
    change.years[0].claims[0] = settlement_pb::ClaimStand {
        cause: cause.into(),
        rules_date: "2022-03-01".to_owned(),
        categories,
        third_system: settlement_pb::ThirdSystem::NotConcerned.into(),
        cash_fen,
        fund_fen: 10_000_000 - cash_fen,
        ..stand(&format!("{person}-C"), u32::try_from(sequence).unwrap() - 1, 0)
    };
    change
}

#[test]
fn a_category_goes_the_whole_way_and_its_bills_are_paid_since_the_years_first_day() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.keep(&[billed("P1", 1, 2_579_200, false)]).await;
        let applied = world.apply("P1", category(Category::IllnessPoor)).await;
        assert_eq!((applied.state(), applied.evidence.clone()), (State::Applied, vec![proof("I-1")]));
        let id = applied.application_id.as_str();
        assert_eq!(world.try_attach(&key(), id, 2).await.unwrap().evidence.len(), 3);
        let adjustment = |cash_fen| settlement_pb::Adjustment { cash_fen, ..Default::default() };
        let done = settlement_pb::Reassessed {
            adjustments: vec![adjustment(-1_011_945), adjustment(5)],
            ..Default::default()
        };
        *world.settlement.previews.lock().unwrap() = Some(settlement_pb::PreReassessResponse {
            outcome: Some(settlement_pb::pre_reassess_response::Outcome::Done(done)),
            ..Default::default()
        });
        let verdict = grants(Category::IllnessPoor, "2022-09-05");
        let proposed = world.try_propose(&key(), id, ("first", verdict)).await.unwrap();
        assert_eq!((proposed.would_award_fen, proposed.would_change.len()), (1_011_940, 2));
        let asked = world.settlement.previewed.lock().unwrap().clone();
        let question = |one: &settlement_pb::PreReassessRequest| (one.category(), one.from_date.clone(), one.year);
        assert_eq!(
            asked.iter().map(question).collect::<Vec<_>>(),
            [(Category::IllnessPoor, "2022-01-01".to_owned(), 2022)]
        );
        assert_eq!(world.on("P1", "2022-03-01").await, [], "nothing is granted yet");
        let confirmed = world.try_confirm(&key(), id, ("second", 3, false)).await.unwrap();
        let grant = confirmed.grant.unwrap();
        let granted = grant.terms.clone().unwrap();
        assert_eq!((grant.application_id.as_str(), granted.from_date.as_str()), (id, "2022-01-01"));
        assert_eq!((grant.operator_id.as_str(), grant.reason.as_str()), ("second", "同意"));
        let application = confirmed.application.unwrap();
        assert_eq!((application.grant_id.clone(), application.awarded_fen), (grant.grant_id, 0));
        assert_eq!(world.on("P1", "2022-03-01").await, [Category::IllnessPoor]);
        // settlement is asked once, and what it changed is what is due
        assert_eq!(world.answered("P1").await.len(), 1);
        assert_eq!(refused(world.try_pay(&key(), id, ("B-1", 1)).await), wrong_state("nothing_due"));
        world.keep(&[billed("P1", 2, 1_567_255, true)]).await;
        assert_eq!(world.application(id).await.awarded_fen, 1_011_945);
        assert_eq!(fields(&world.try_pay(&key(), id, ("B-1", 1_011_944)).await.unwrap_err()), ["amount_fen"]);
        let paid = world.try_pay(&key(), id, ("B-1", 1_011_945)).await.unwrap();
        assert_eq!((paid.state(), paid.awarded_fen, paid.paid_fen), (State::Paid, 1_011_945, 1_011_945));
        let all = [
            (Act::Applied, State::Applied),
            (Act::Attached, State::Applied),
            (Act::Proposed, State::Proposed),
            (Act::Confirmed, State::Approved),
            (Act::Paid, State::Paid),
        ];
        assert_eq!(steps(&paid), all);
        assert_eq!(world.application(id).await, paid);
    });
}

#[test]
fn while_settlement_decides_the_bills_nothing_is_recorded_as_paid_and_what_it_refused_is_said() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.keep(&[billed("P1", 1, 900, false)]).await;
        let id = world.apply("P1", category(Category::IllnessPoor)).await.application_id;
        let refusal = settlement_pb::ReassessResponse {
            outcome: Some(settlement_pb::reassess_response::Outcome::Refused(Default::default())),
            refused_claim_id: "P1-C".to_owned(),
        };
        *world.settlement.answers.lock().unwrap() = Some(refusal);
        let gate = world.settlement.gate.lock().await;
        world.decide(&id, ("first", "second"), grants(Category::IllnessPoor, "2022-01-01")).await;
        assert_eq!(refused(world.try_pay(&key(), &id, ("B-1", 900)).await), wrong_state("reassessing"));
        drop(gate);
        world.answered("P1").await;
        assert_eq!(refused(world.try_pay(&key(), &id, ("B-1", 900)).await), wrong_state("refused"));
    });
}

#[test]
fn temporary_assistance_is_owed_when_it_is_confirmed_and_counts_to_no_limit() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let id = world.apply("P1", aid(500_000)).await.application_id;
        let confirmed = world.decide(&id, ("first", "second"), grants_aid(300_000)).await;
        assert_eq!(confirmed.grant, None);
        let entry = &confirmed.entries[0];
        let lines: Vec<(&str, type_pb::Side, i64)> =
            entry.lines.iter().map(|line| (line.account.as_str(), line.side(), line.amount_fen)).collect();
        let (debit, credit) = (type_pb::Side::Debit, type_pb::Side::Credit);
        assert_eq!(lines, [("fund:370800:assistance", debit, 300_000), ("payable:P1", credit, 300_000)]);
        assert_eq!((entry.kind.as_str(), entry.about_id.as_str()), ("aid", id.as_str()));
        assert_eq!(world.books().await["payable:P1"], -300_000);
        assert_eq!(world.limit("P1").await, (None, 0, 0), "GX-9: outside the limit");
        assert!(world.settlement.previewed.lock().unwrap().is_empty(), "no bill gives it");
        let paid = world.try_pay(&key(), &id, ("B-1", 300_000)).await.unwrap();
        assert_eq!((paid.awarded_fen, paid.paid_fen), (300_000, 300_000));
        assert_eq!(refused(world.try_pay(&key(), &id, ("B-2", 300_000)).await), wrong_state("paid"));
        let other = world.apply("P2", aid(100)).await.application_id;
        world.decide(&other, ("first", "second"), grants_aid(100)).await;
        let (reason, metadata) = fault(&world.try_pay(&key(), &other, ("B-1", 100)).await.unwrap_err());
        assert_eq!((reason.as_str(), &metadata["application_id"]), ("DUPLICATE", &id));
    });
}

#[test]
fn an_appeal_is_decided_by_others_and_takes_nothing_away() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let id = world.apply("P1", aid(500_000)).await.application_id;
        world.decide(&id, ("first", "second"), grants_aid(300_000)).await;
        world.try_pay(&key(), &id, ("B-1", 300_000)).await.unwrap();
        let appealed = world.try_appeal(&key(), &id).await.unwrap();
        assert_eq!((appealed.state(), appealed.evidence.len(), appealed.awarded_fen), (State::Appealed, 2, 300_000));
        for officer in ["first", "second"] {
            let again = world.try_propose(&key(), &id, (officer, grants_aid(400_000))).await;
            assert_eq!(refused(again), wrong_state("same_officer"), "{officer}");
        }
        for verdict in [rejects(), grants_aid(299_999), grants_aid(500_001)] {
            assert_eq!(fields(&world.try_propose(&key(), &id, ("third", verdict)).await.unwrap_err()).len(), 1);
        }
        let proposal = world.propose(&id, "third", grants_aid(400_000)).await;
        for officer in ["first", "second", "third"] {
            let confirmed = world.try_confirm(&key(), &id, (officer, proposal, false)).await;
            assert_eq!(refused(confirmed), wrong_state("same_officer"), "{officer}");
        }
        let confirmed = world.try_confirm(&key(), &id, ("fourth", proposal, false)).await.unwrap();
        assert_eq!(confirmed.entries[0].lines[0].amount_fen, 100_000, "what is more than before");
        let application = confirmed.application.unwrap();
        assert_eq!((application.awarded_fen, application.paid_fen), (400_000, 300_000));
        assert_eq!(fields(&world.try_pay(&key(), &id, ("B-2", 400_000)).await.unwrap_err()), ["amount_fen"]);
        assert_eq!(world.try_pay(&key(), &id, ("B-2", 100_000)).await.unwrap().paid_fen, 400_000);
        assert_eq!(world.books().await["fund:370800:assistance"], 400_000);
        // an appeal that is withdrawn leaves the decision
        world.try_appeal(&key(), &id).await.unwrap();
        world.propose(&id, "fifth", grants_aid(500_000)).await;
        assert_eq!(world.try_withdraw(&key(), &id).await.unwrap().state(), State::Paid);
    });
}

#[test]
fn an_appeal_about_a_category_sets_the_grant_right_that_is_there() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let id = world.apply("P1", category(Category::LowIncomeEdge)).await.application_id;
        let first = world.decide(&id, ("first", "second"), grants(Category::LowIncomeEdge, "2022-06-01")).await;
        world.try_appeal(&key(), &id).await.unwrap();
        let second = world.decide(&id, ("third", "fourth"), grants(Category::LowIncomeEdge, "2022-03-01")).await;
        let (first, second) = (first.grant.unwrap(), second.grant.unwrap());
        assert_eq!((second.grant_id.clone(), second.version), (first.grant_id, 2));
        assert_eq!(second.application_id, id);
        assert_eq!(world.on("P1", "2022-03-01").await, [Category::LowIncomeEdge]);
        // one that was taken back meanwhile is granted anew, and the same again changes nothing
        world.try_appeal(&key(), &id).await.unwrap();
        let third = world.decide(&id, ("fifth", "sixth"), grants(Category::LowIncomeEdge, "2022-03-01")).await;
        assert_eq!(third.grant.unwrap(), second);
    });
}

#[test]
fn a_category_the_person_has_by_another_grant_is_not_granted_again() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let id = world.apply("P1", category(Category::LowIncome)).await.application_id;
        let grant = world.grant("P1", Category::LowIncome, "2022-05-01").await;
        let proposal = world.propose(&id, "first", grants(Category::LowIncome, "2022-01-01")).await;
        let again = world.try_confirm(&key(), &id, ("second", proposal, false)).await.unwrap_err();
        let (reason, metadata) = fault(&again);
        assert_eq!((reason.as_str(), &metadata["grant_id"]), ("DUPLICATE", &grant.grant_id));
        assert_eq!(world.application(&id).await.state(), State::Proposed, "nothing was kept");
        world.try_confirm(&key(), &id, ("second", proposal, true)).await.unwrap();
        let to_april =
            pb::Approval { category: Some(terms(Category::LowIncome, "2022-01-01", "2022-04-30")), temporary_fen: 0 };
        world.decide(&id, ("first", "second"), Verdict::Approval(to_april)).await;
        assert_eq!(world.on("P1", "2022-04-30").await, [Category::LowIncome]);
    });
}

#[test]
fn a_proposal_without_settlement_waits_and_a_kept_one_does_not() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let id = world.apply("P1", category(Category::LowIncome)).await.application_id;
        let key = key();
        let verdict = || ("first", grants(Category::LowIncome, "2022-01-01"));
        *world.settlement.away.lock().unwrap() = true;
        let away = world.try_propose(&key, &id, verdict()).await.unwrap_err();
        assert_eq!(fault(&away).0, "UNAVAILABLE");
        assert_eq!(world.application(&id).await.state(), State::Applied);
        *world.settlement.away.lock().unwrap() = false;
        let proposed = world.try_propose(&key, &id, verdict()).await.unwrap();
        *world.settlement.away.lock().unwrap() = true;
        assert_eq!(world.try_propose(&key, &id, verdict()).await.unwrap(), proposed);
        // a rejection, and temporary assistance, need nobody else
        let other = world.apply("P2", category(Category::LowIncome)).await.application_id;
        world.propose(&other, "first", rejects()).await;
    });
}

#[test]
fn applications_are_listed_page_by_page_in_the_order_of_time() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let mut ids = Vec::new();
        for person in ["P1", "P2", "P3"] {
            ids.push(world.apply(person, aid(100)).await.application_id);
        }
        ids.push(world.apply("P1", category(Category::LowIncome)).await.application_id);
        world.decide(&ids[1], ("first", "second"), grants_aid(70)).await;
        let request = |division: &str, person: &str| pb::ListApplicationsRequest {
            division: division.to_owned(),
            person_id: person.to_owned(),
            page_size: 2,
            ..Default::default()
        };
        let of = |found: &pb::ListApplicationsResponse| -> Vec<String> {
            found.applications.iter().map(|one| one.application_id.clone()).collect()
        };
        let first = world.listed(request("370000", "")).await;
        assert_eq!(of(&first), ids[..2]);
        assert_eq!((first.applications[1].awarded_fen, first.applications[1].steps.len()), (70, 0));
        let next = pb::ListApplicationsRequest { page_token: first.next_page_token, ..request("370000", "") };
        let second = world.listed(next.clone()).await;
        assert_eq!((of(&second), second.next_page_token.as_str()), (ids[2..].to_vec(), ""));
        let own = world.listed(request("", "P1")).await;
        assert_eq!(of(&own), [ids[0].clone(), ids[3].clone()]);
        let states = vec![State::Approved.into()];
        let approved = world.listed(pb::ListApplicationsRequest { states, ..request("370800", "") }).await;
        assert_eq!(of(&approved), [ids[1].clone()]);
        assert!(world.listed(request("450000", "")).await.applications.is_empty());
        let other = pb::ListApplicationsRequest { person_id: "P1".to_owned(), ..next };
        let wrong = world.applications.clone().list_applications(other).await.unwrap_err();
        assert_eq!(fields(&wrong), ["page_token"]);
        let nothing =
            world.applications.clone().list_applications(pb::ListApplicationsRequest::default()).await.unwrap_err();
        assert_eq!(fields(&nothing), ["division"]);
    });
}

#[test]
fn what_a_department_wants_is_opened_with_its_answer_and_what_an_earlier_version_left_is_taken_up() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.keep(&[crate::watching::burdened("P1", 1, crate::watching::LINE + 1, &[])]).await;
        let entry = world.entry("P1").await.entry_id;
        let confirming = |key: &str| world.try_answer_poor(key.to_owned(), entry.clone());
        let answered = confirming("K1").await.unwrap();
        assert_eq!(confirming("K1").await.unwrap(), answered, "the answer comes twice");
        let application = world.application(&answered.application_id).await;
        assert_eq!((application.watch_entry_id.as_str(), application.state()), (entry.as_str(), State::Applied));
        assert_eq!(application.terms, Some(wanting(category(Category::IllnessPoor))));
        assert_eq!((application.person_id.as_str(), application.evidence.len()), ("P1", 1));
        assert_eq!(world.entry("P1").await.steps[1].about_id, application.application_id);
        assert_eq!(world.count("SELECT count(*) AS n FROM application").await, 1);
        // an earlier version kept the wish alone
        world.keep(&[crate::watching::burdened("P2", 1, crate::watching::LINE + 1, &[])]).await;
        let earlier = world.entry("P2").await.entry_id;
        for sql in [
            format!(
                "INSERT INTO watch_step SELECT '{earlier}', 2, state, burden_fen, line_fen, sequence, about, done_at \
                 FROM watch_step WHERE entry_id = '{entry}' AND number = 2"
            ),
            format!(
                "INSERT INTO watch_answer SELECT '{earlier}', 2, office, verdict, answer, 'A-2', answered_at \
                 FROM watch_answer WHERE entry_id = '{entry}'"
            ),
            format!(
                "INSERT INTO application_wanted SELECT 'A-2', '{earlier}', 'P2', year, division, terms, operator_id, \
                 wanted_at FROM application_wanted WHERE entry_id = '{entry}'"
            ),
        ] {
            world.run(&sql).await.unwrap();
        }
        let replicas = (world.replica().await, world.replica().await);
        let look = || async { (world.count("SELECT count(*) AS n FROM application").await == 2).then_some(()) };
        eventually(look).await;
        let opened = replicas.0.application("A-2").await;
        assert_eq!((opened.watch_entry_id, opened.person_id.as_str(), opened.steps.len()), (earlier, "P2", 1));
        assert_eq!(world.application(&application.application_id).await, application);
    });
}
