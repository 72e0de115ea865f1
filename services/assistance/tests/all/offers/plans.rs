//! Plans and their members: versions from a day on, ends, who may register, who joins when.

use ::pb::assistance::v1 as pb;
use ::pb::r#type::v1::{Care, Category};
use pb::OfferState;
use testkit::on_both;
use tonic::Status;

use super::{LEFT, changed, confirming, joining, leaving, registering, sixty_percent};
use crate::support::{World, fault, fields, key};

#[test]
fn everything_that_is_wrong_with_a_plan_is_said_at_once() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let band = |from_fen, ratio: &str| pb::PlanBand { from_fen, ratio: ratio.to_owned() };
        let tilt = |category: Category, points: &str| pb::CategoryTilt {
            category: category.into(),
            points_rate: points.to_owned(),
        };
        let terms = pb::PlanTerms {
            payer: String::new(),
            zh: String::new(),
            en: "x".repeat(101),
            kind: 0,
            division: "37".to_owned(),
            from_date: "2022-02-30".to_owned(),
            until_date: "soon".to_owned(),
            base: 0,
            period: 9,
            cares: vec![Care::Inpatient.into(), Care::Inpatient.into(), 0],
            deductible_fen: -1,
            bands: vec![band(5, "0.9"), band(5, "1.1"), band(9, "half")],
            ceiling_fen: Some(0),
            tilts: vec![tilt(Category::Destitute, "0.2"), tilt(Category::NoCategory, "0.01")],
            source: String::new(),
        };
        let request = pb::RegisterPlanRequest {
            operator_id: String::new(),
            idempotency_key: String::new(),
            ..registering("", terms)
        };
        let wrong = fields(&world.try_register(request).await.unwrap_err());
        let expected = [
            "idempotency_key",
            "operator_id",
            "terms.bands[0].from_fen",
            "terms.bands[1].from_fen",
            "terms.bands[1].ratio",
            "terms.bands[2].ratio",
            "terms.base",
            "terms.cares[1]",
            "terms.cares[2]",
            "terms.ceiling_fen",
            "terms.deductible_fen",
            "terms.division",
            "terms.en",
            "terms.from_date",
            "terms.kind",
            "terms.payer",
            "terms.period",
            "terms.source",
            "terms.tilts[1].category",
            "terms.until_date",
            "terms.zh",
        ];
        assert_eq!(wrong, expected);
        let points = pb::PlanTerms {
            tilts: vec![tilt(Category::Destitute, "0.41")],
            bands: vec![band(0, "0.6")],
            ..sixty_percent()
        };
        let wrong = fields(&world.try_register(registering("", points)).await.unwrap_err());
        assert_eq!(wrong, ["terms.tilts[0].points_rate"]);
        let days = pb::PlanTerms { until_date: "2022-01-01".to_owned(), ..sixty_percent() };
        assert_eq!(fields(&world.try_register(registering("", days)).await.unwrap_err()), ["terms.until_date"]);
    });
}

#[test]
fn a_payer_that_pays_in_the_settlement_registers_no_plan() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        for payer in ["charity", "commercial", "assistance", "hospital"] {
            let refused = pb::PlanTerms { payer: payer.to_owned(), ..sixty_percent() };
            let refused = world.try_register(registering("", refused)).await.unwrap_err();
            let (reason, with) = fault(&refused);
            assert_eq!((reason.as_str(), with["state"].as_str()), ("WRONG_STATE", "layer"), "{payer}");
        }
        let nowhere = pb::PlanTerms { division: "990000".to_owned(), ..sixty_percent() };
        assert_eq!(fields(&world.try_register(registering("", nowhere)).await.unwrap_err()), ["terms.division"]);
        let request = registering("", sixty_percent());
        let plan = world.try_register(request.clone()).await.unwrap();
        assert_eq!(world.try_register(request.clone()).await.unwrap(), plan, "the kept answer");
        assert_eq!((plan.version, plan.members, plan.terms), (1, 0, Some(sixty_percent())));
        let other = pb::RegisterPlanRequest { operator_id: "another".to_owned(), ..request };
        assert_eq!(fault(&world.try_register(other).await.unwrap_err()).1["field"], "operator_id");
    });
}

async fn end(world: &World, plan: &str, until: &str) -> Result<pb::Plan, Status> {
    let request = pb::EndPlanRequest {
        idempotency_key: key(),
        plan_id: plan.to_owned(),
        until_date: until.to_owned(),
        operator_id: "officer".to_owned(),
        reason: "money is spent".to_owned(),
    };
    Ok(world.payers.clone().end_plan(request).await?.into_inner().plan.unwrap())
}

async fn get(world: &World, plan: &str, version: Option<u32>) -> Result<pb::Plan, Status> {
    let request = pb::GetPlanRequest { plan_id: plan.to_owned(), version };
    Ok(world.payers.clone().get_plan(request).await?.into_inner().plan.unwrap())
}

#[test]
fn a_bill_falls_under_the_version_of_its_day_and_under_none_of_a_plan_that_has_ended() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let plan = world.plan(sixty_percent(), &["P1"]).await;
        let terms = pb::PlanTerms { deductible_fen: 0, from_date: "2022-11-01".to_owned(), ..sixty_percent() };
        let past = pb::PlanTerms { from_date: "2022-10-09".to_owned(), ..terms.clone() };
        let refused = world.try_register(registering(&plan, past)).await.unwrap_err();
        assert_eq!(fields(&refused), ["terms.from_date"]);
        let other =
            pb::PlanTerms { payer: "union_c".to_owned(), kind: 2, division: "370890".to_owned(), ..terms.clone() };
        let refused = world.try_register(registering(&plan, other)).await.unwrap_err();
        assert_eq!(fields(&refused), ["terms.division", "terms.kind", "terms.payer"]);
        let unknown = world.try_register(registering("nobody", terms.clone())).await.unwrap_err();
        assert_eq!(fault(&unknown).0, "NOT_FOUND");
        let second = world.try_register(registering(&plan, terms.clone())).await.unwrap();
        assert_eq!((second.plan_id.as_str(), second.version, second.members), (plan.as_str(), 2, 1));
        let third = end(&world, &plan, "2022-12-01").await.unwrap();
        let until = pb::PlanTerms { until_date: "2022-12-01".to_owned(), ..terms };
        assert_eq!((third.version, third.terms.as_ref()), (3, Some(&until)));
        let on = |claim: &str, day: &str| {
            let mut stand = leaving(claim, 0, LEFT);
            day.clone_into(&mut stand.rules_date);
            stand
        };
        let days = ["2022-10-31", "2022-11-01", "2022-11-30", "2022-12-01"];
        let claims = ["C1", "C2", "C3", "C4"].iter().zip(days).map(|(claim, day)| on(claim, day)).collect();
        world.keep(&[changed("P1", 1, claims)]).await;
        let mut promised: Vec<_> =
            world.offered("P1").await.into_iter().map(|one| (one.claim_id, one.version, one.promised_fen)).collect();
        promised.sort();
        let of = |claim: &str, version, amount| (claim.to_owned(), version, amount);
        assert_eq!(promised, [of("C1", 1, 420_000), of("C2", 3, 600_000), of("C3", 3, 600_000)]);

        assert_eq!(get(&world, &plan, Some(1)).await.unwrap().terms, Some(sixty_percent()));
        assert_eq!(get(&world, &plan, None).await.unwrap().version, 3);
        assert_eq!(fault(&get(&world, &plan, Some(4)).await.unwrap_err()).0, "NOT_FOUND");
        assert_eq!(fault(&get(&world, "nobody", None).await.unwrap_err()).0, "NOT_FOUND");
        assert_eq!(fault(&end(&world, &plan, "2022-12-02").await.unwrap_err()).1["state"], "ended");
        assert_eq!(fault(&end(&world, "nobody", "2022-12-02").await.unwrap_err()).0, "NOT_FOUND");
        assert_eq!(fields(&end(&world, &plan, "2022-10-09").await.unwrap_err()), ["until_date"]);
    });
}

#[test]
fn who_joins_late_is_offered_the_bills_of_the_days_of_membership_at_once() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let plan = world.plan(sixty_percent(), &[]).await;
        let mut earlier = leaving("C1", 0, LEFT);
        "2022-10-09".clone_into(&mut earlier.rules_date);
        world.keep(&[changed("P1", 1, vec![earlier, leaving("C2", 0, LEFT)])]).await;
        assert!(world.promised("P1").await.is_empty());
        world.try_join(vec![joining(&key(), &plan, &[("P1", "2022-10-10", "2022-12-31")])]).await.unwrap();
        assert_eq!(world.promised("P1").await, [("C2".to_owned(), 420_000)]);
        // with the days before, the bill before
        world.try_join(vec![joining(&key(), &plan, &[("P1", "2022-01-01", "2022-10-09")])]).await.unwrap();
        assert_eq!(world.promised("P1").await, [("C2".to_owned(), 420_000), ("C1".to_owned(), 420_000)]);
        assert_eq!(get(&world, &plan, None).await.unwrap().members, 1);
    });
}

#[test]
fn a_stream_of_members_that_broke_off_is_sent_again_and_says_what_it_kept() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let plan = world.plan(sixty_percent(), &["P0"]).await;
        let year = |person: &'static str| (person, "2022-01-01", "2022-12-31");
        let first = joining("J", &plan, &[year("P1"), ("P0", "2022-03-01", "2022-03-31"), year("P1")]);
        let mut second = joining("", "", &[year("P2")]);
        let wrong = joining("other", "other", &[("", "2022-02-01", "2022-01-31"), ("P3", "", "")]);
        let broken = world.try_join(vec![first.clone(), wrong]).await.unwrap_err();
        let expected = [
            "idempotency_key",
            "members[0].days.to_date",
            "members[0].person_id",
            "members[1].days.from_date",
            "members[1].days.to_date",
            "plan_id",
        ];
        assert_eq!(fields(&broken), expected);
        assert_eq!(get(&world, &plan, None).await.unwrap().members, 2, "the first message is kept");
        let answer = world.try_join(vec![first.clone(), second.clone()]).await.unwrap();
        assert_eq!((answer.members_read, answer.members_kept, answer.members_known), (4, 2, 2));
        assert_eq!(world.try_join(vec![first.clone(), second.clone()]).await.unwrap(), answer, "the kept answer");
        second.members.push(super::member("P9", "2022-01-01", "2022-12-31"));
        let reused = world.try_join(vec![first.clone(), second]).await.unwrap_err();
        assert_eq!(fault(&reused).1["field"], "members");
        let other = world.plan(sixty_percent(), &[]).await;
        let reused = world.try_join(vec![joining("J", &other, &[year("P1")])]).await.unwrap_err();
        assert_eq!(fault(&reused).1["field"], "plan_id");
        let unknown = world.try_join(vec![joining(&key(), "nobody", &[year("P1")])]).await.unwrap_err();
        assert_eq!(fault(&unknown).0, "NOT_FOUND");
        assert_eq!(fields(&world.try_join(Vec::new()).await.unwrap_err()), ["idempotency_key", "plan_id"]);
        let many = vec![super::member("P1", "2022-01-01", "2022-12-31"); 1_001];
        let many = pb::JoinMembersRequest { members: many, ..joining(&key(), &plan, &[]) };
        assert_eq!(fields(&world.try_join(vec![many]).await.unwrap_err()), ["members"]);
        assert_eq!(get(&world, &plan, None).await.unwrap().members, 3);
    });
}

#[test]
fn offers_are_listed_page_by_page_in_the_order_in_which_they_were_made() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let plan = world.plan(sixty_percent(), &["P1", "P2"]).await;
        for round in 1..=5_u64 {
            world.keep(&[changed("P1", round, vec![leaving(&format!("C{round}"), 0, LEFT)])]).await;
        }
        world.keep(&[changed("P2", 1, vec![leaving("D1", 0, LEFT)])]).await;
        let first = world.offered("P1").await.remove(0).offer_id;
        world.try_answer_offer(confirming(&first, 420_000, "")).await.unwrap();
        let mut request = pb::ListOffersRequest { plan_id: plan.clone(), page_size: 4, ..Default::default() };
        let page = world.try_offers(request.clone()).await.unwrap();
        let claims =
            |page: &pb::ListOffersResponse| page.offers.iter().map(|one| one.claim_id.clone()).collect::<Vec<_>>();
        assert_eq!(claims(&page), ["C1", "C2", "C3", "C4"]);
        request.page_token = page.next_page_token;
        let last = world.try_offers(request.clone()).await.unwrap();
        assert_eq!((claims(&last), last.next_page_token.as_str()), (vec!["C5".to_owned(), "D1".to_owned()], ""));
        request.person_id = "P1".to_owned();
        assert_eq!(fields(&world.try_offers(request.clone()).await.unwrap_err()), ["page_token"]);
        let states = vec![OfferState::Confirmed.into()];
        let confirmed = pb::ListOffersRequest { person_id: "P1".to_owned(), states, ..Default::default() };
        assert_eq!(claims(&world.try_offers(confirmed).await.unwrap()), ["C1"]);
        let nothing = pb::ListOffersRequest { states: vec![0], page_size: 1_001, ..Default::default() };
        assert_eq!(fields(&world.try_offers(nothing).await.unwrap_err()), ["claim_id", "page_size", "states[0]"]);
    });
}

#[test]
fn years_that_are_adopted_are_offered_too() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.plan(sixty_percent(), &["P1"]).await;
        let mut change = changed("P1", 1, vec![leaving("C1", 0, LEFT)]);
        let year = change.years.remove(0);
        let standing = ::pb::settlement::v1::StandingYear { person_id: "P1".to_owned(), sequence: 0, year: Some(year) };
        let adopting = pb::AdoptSharesRequest { idempotency_key: "A".to_owned(), years: vec![standing], last: true };
        for _ in 0..2 {
            world.reservations.clone().adopt_shares(tokio_stream::iter(vec![adopting.clone()])).await.unwrap();
            assert_eq!(world.promised("P1").await, [("C1".to_owned(), 420_000)]);
        }
        // another process of the service sees the same
        assert_eq!(world.replica().await.promised("P1").await, [("C1".to_owned(), 420_000)]);
    });
}
