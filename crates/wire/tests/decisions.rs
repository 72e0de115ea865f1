//! A decision on the wire says what the policy decided, fen for fen.

use money::Fen;
use pb::policy::v1 as policy_pb;
use policy::statement::Statement;
use policy::{Decision, PayerKind, Policy, Settlement, Used};
use wire::{read, write};

use crate::support::{SHIPPED, bill_cases, facts_of, held, reading};

/// Every golden bill with its decision, also as held payers let it be settled.
fn decided() -> impl Iterator<Item = (policy::Facts, Decision)> {
    bill_cases().flat_map(|(_, bills)| facts_of(bills)).flat_map(|facts| [held(&facts), facts]).map(|facts| {
        let decision = SHIPPED.adjudicate(&facts);
        (facts, decision)
    })
}

fn settled(decision: &policy_pb::Decision) -> Option<&policy_pb::Settlement> {
    match decision.outcome.as_ref().expect("a decision has an outcome") {
        policy_pb::decision::Outcome::Settled(settled) => Some(settled),
        policy_pb::decision::Outcome::Refused(_) => None,
    }
}

fn same_sums(settlement: &Settlement, sent: &policy_pb::Settlement) {
    let (ours, theirs) = (&settlement.shares, sent.shares.as_ref().expect("shares are sent"));
    let ours =
        [ours.total, ours.fund, ours.hospital, ours.person, ours.other, ours.account, ours.family_account, ours.cash];
    let theirs = [
        theirs.total_fen,
        theirs.fund_fen,
        theirs.hospital_fen,
        theirs.person_fen,
        theirs.other_fen,
        theirs.account_fen,
        theirs.family_account_fen,
        theirs.cash_fen,
    ];
    assert_eq!(ours.map(Fen::get), theirs);
    assert_eq!(sent.parts.as_ref(), Some(&write::parts(&settlement.parts)));
    let after = sent.accumulators.as_ref().expect("the year is sent");
    assert_eq!(reading(|v| read::accumulators(v, after)).as_ref(), Ok(&settlement.accumulators));
    assert_eq!(reading(|v| read::word(v, "category", sent.category)), Ok(settlement.category));
}

fn same_layers(policy: &Policy, settlement: &Settlement, sent: &policy_pb::Settlement) {
    assert_eq!(settlement.layers.len(), sent.layers.len());
    for (ours, theirs) in settlement.layers.iter().zip(&sent.layers) {
        let payer = policy.payer(ours.payer).filter(|_| ours.kind != PayerKind::Nobody);
        assert_eq!(theirs.layer, ours.layer.as_str());
        assert_eq!(theirs.payer, payer.map_or("", |payer| payer.name.as_str()));
        assert_eq!(theirs.ratio.parse(), Ok(ours.ratio));
        let figures = [
            (ours.base, theirs.base_fen),
            (ours.deductible_standard, theirs.deductible_standard_fen),
            (ours.deductible, theirs.deductible_fen),
            (ours.cost, theirs.cost_fen),
            (ours.cost_paid_on, theirs.cost_paid_on_fen),
            (ours.computed, theirs.computed_fen),
            (ours.paid, theirs.paid_fen),
            (ours.paid_within_scope, theirs.paid_within_scope_fen),
        ];
        figures.iter().for_each(|(ours, theirs)| assert_eq!(ours.get(), *theirs, "{ours}"));
    }
    assert_eq!(settlement.lines.len(), sent.lines.len());
    for (ours, theirs) in settlement.lines.iter().zip(&sent.lines) {
        assert_eq!(theirs.parts.as_ref(), Some(&write::parts(&ours.parts)));
        assert_eq!((theirs.apart_fen, theirs.hospital_fen), (ours.apart.get(), ours.hospital.get()));
    }
}

#[test]
fn shares_layers_lines_and_the_year_are_the_policys() {
    let mut seen = 0;
    for (_, decision) in decided() {
        let sent = write::decision(&SHIPPED, &decision, false);
        assert_eq!((sent.policy_version.parse(), sent.rules_date), (Ok(decision.version), decision.date.to_string()));
        let Some(settlement) = decision.settlement() else { continue };
        let sent = settled_again(&decision);
        same_sums(settlement, &sent);
        same_layers(&SHIPPED, settlement, &sent);
        seen += 1;
    }
    assert!(seen > 100, "only {seen} settlements");
}

fn settled_again(decision: &Decision) -> policy_pb::Settlement {
    settled(&write::decision(&SHIPPED, decision, false)).cloned().expect("a settlement is sent as one")
}

#[test]
fn the_payments_are_the_policys_in_order_of_name_and_with_cash_they_are_the_bill() {
    for (_, decision) in decided() {
        let Some(settlement) = decision.settlement() else { continue };
        let sent = settled_again(&decision);
        let ours: Vec<(String, i64)> =
            SHIPPED.payments(settlement).into_iter().map(|(name, paid)| (name, paid.get())).collect();
        let theirs: Vec<(String, i64)> =
            sent.payments.iter().map(|paid| (paid.payer.clone(), paid.amount_fen)).collect();
        assert_eq!(ours, theirs);
        assert!(theirs.is_sorted());
        let paid: i64 = theirs.iter().map(|(_, paid)| paid).sum();
        assert_eq!(paid + settlement.shares.cash.get(), settlement.shares.total.get());
        for payment in &sent.payments {
            assert!(payment.kind != 0 && !payment.zh.is_empty() && !payment.en.is_empty(), "{payment:?}");
            let is_fund = payment.kind == i32::from(policy_pb::PayerKind::Fund);
            assert_eq!(is_fund, !payment.national_field.is_empty(), "{payment:?}");
        }
    }
}

#[test]
fn the_national_result_is_the_statements() {
    for (facts, decision) in decided() {
        let Some(sent) =
            settled(&write::decision(&SHIPPED, &decision, false)).and_then(|settled| settled.national.clone())
        else {
            continue;
        };
        let ours = Statement::new(&SHIPPED, &facts.person, &facts.bill, &decision).national();
        let pairs = [
            (ours.medfee_sumamt, sent.medfee_sumamt_fen),
            (ours.fulamt_ownpay_amt, sent.fulamt_ownpay_amt_fen),
            (ours.overlmt_selfpay, sent.overlmt_selfpay_fen),
            (ours.preselfpay_amt, sent.preselfpay_amt_fen),
            (ours.inscp_scp_amt, sent.inscp_scp_amt_fen),
            (ours.act_pay_dedc, sent.act_pay_dedc_fen),
            (ours.hifp_pay, sent.hifp_pay_fen),
            (ours.cvlserv_pay, sent.cvlserv_pay_fen),
            (ours.hifes_pay, sent.hifes_pay_fen),
            (ours.hifmi_pay, sent.hifmi_pay_fen),
            (ours.hifob_pay, sent.hifob_pay_fen),
            (ours.maf_pay, sent.maf_pay_fen),
            (ours.hifdm_pay, sent.hifdm_pay_fen),
            (ours.oth_pay, sent.oth_pay_fen),
            (ours.fund_pay_sumamt, sent.fund_pay_sumamt_fen),
            (ours.psn_part_amt, sent.psn_part_amt_fen),
            (ours.acct_pay, sent.acct_pay_fen),
            (ours.acct_mulaid_pay, sent.acct_mulaid_pay_fen),
            (ours.psn_cash_pay, sent.psn_cash_pay_fen),
            (ours.hosp_part_amt, sent.hosp_part_amt_fen),
            (ours.balc, sent.balc_fen),
        ];
        pairs.iter().for_each(|(ours, sent)| assert_eq!(ours.get(), *sent));
        assert_eq!(sent.pool_prop_selfpay_ratio.parse(), Ok(ours.pool_prop_selfpay));
    }
}

#[test]
fn steps_are_sent_when_asked_for_and_each_counts_into_the_citations() {
    for (_, decision) in decided() {
        let Some(settlement) = decision.settlement() else { continue };
        let without = settled_again(&decision);
        assert!(without.steps.is_empty() && without.citations.is_empty() && without.clauses.is_empty());
        let with = write::decision(&SHIPPED, &decision, true);
        let with = settled(&with).expect("settled");
        assert_eq!(with.steps.len(), settlement.steps.len());
        for (ours, sent) in settlement.steps.iter().zip(&with.steps) {
            let cited = |at: Option<u32>| at.map(|at| &with.citations[at as usize]);
            for (source, at) in [(ours.source, sent.source), (ours.via, sent.via)] {
                let known = source.map(|source| write::citation(SHIPPED.citation(source).expect("a source is cited")));
                assert_eq!(known.as_ref(), cited(at));
            }
            assert!(sent.layer.is_none_or(|layer| (layer as usize) < with.layers.len()), "{sent:?}");
            let used = match ours.used {
                Used::Nothing => None,
                Used::Amount(fen) => Some(policy_pb::step::Used::UsedFen(fen.get())),
                Used::Rate(rate) => Some(policy_pb::step::Used::UsedRate(rate.to_string())),
            };
            assert_eq!(
                (sent.used.clone(), sent.before_fen, sent.after_fen),
                (used, ours.before.get(), ours.after.get())
            );
            let rule = policy_pb::Rule::try_from(sent.rule).expect("a known rule");
            assert_eq!(format!("{rule:?}"), format!("{:?}", ours.rule));
        }
        let ids: Vec<&str> = with.clauses.iter().map(|clause| clause.clause_id.as_str()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
        let all_cited = with.citations.iter().flat_map(|citation| &citation.cite);
        all_cited.for_each(|id| assert!(ids.contains(&id.as_str()), "{id} is not explained"));
    }
}

#[test]
fn under_another_version_steps_come_without_sources() {
    let mut files = Policy::shipped_files();
    files[0].text.push_str("\n# another version\n");
    let other = Policy::compile(&files).expect("a remark changes no rule");
    let (_, decision) = decided().find(|(_, decision)| decision.settlement().is_some()).expect("one is settled");
    let sent = write::decision(&other, &decision, true);
    let sent = settled(&sent).expect("settled");
    assert!(!sent.steps.is_empty() && sent.citations.is_empty() && sent.clauses.is_empty());
    assert!(sent.steps.iter().all(|step| step.source.is_none() && step.via.is_none()));
}

#[test]
fn a_refusal_is_sent_with_its_reasons_and_what_its_clauses_mean() {
    let mut seen = 0;
    for (_, decision) in decided() {
        let Some(refusal) = decision.refusal() else { continue };
        let sent = write::decision(&SHIPPED, &decision, true);
        let Some(policy_pb::decision::Outcome::Refused(sent)) = sent.outcome else { panic!("not sent as refused") };
        assert_eq!(sent, write::refusal(&SHIPPED, refusal));
        for (ours, theirs) in refusal.causes.iter().zip(&sent.causes) {
            let name = policy_pb::RefusalReason::try_from(theirs.reason).expect("a known reason").as_str_name();
            assert_eq!(name, format!("REFUSAL_REASON_{}", ours.reason.word().to_uppercase()));
            assert_eq!((&ours.about, &ours.cite), (&theirs.about, &theirs.cite));
            let explained = |id: &String| sent.clauses.iter().any(|clause| clause.clause_id == *id);
            assert!(ours.cite.iter().all(explained));
        }
        seen += 1;
    }
    assert!(seen > 0, "no golden bill is refused");
}

#[test]
fn facts_that_came_over_the_wire_are_decided_the_same() {
    for (facts, decision) in decided() {
        let sent = write::facts(&facts);
        let back = reading(|v| read::facts(v, &sent)).expect("golden facts are read");
        assert_eq!(SHIPPED.adjudicate(&back), decision);
    }
}
