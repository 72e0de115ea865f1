//! Years that began elsewhere, categories taken back, stays, places and absences: where the third system meets the rest.

use pb::policy::v1::{Accumulators, Meter};
use pb::settlement::v1::account_service_client::AccountServiceClient;
use pb::settlement::v1::{OpenYearRequest, SettleInterimRequest, StreamSharesRequest, ThirdSystem};
use pb::r#type::v1::Category;
use policy::PackFile;
use testkit::on_both;

use super::town::{Town, packs};
use super::{DAYS, SMALL};
use crate::world::{BY_SERVICE, BY_SETTLEMENT, about, asks, asks_in, claim_of, reason, split, stay, until};

fn opening(key: &str, replaces: &str, paid_fen: i64) -> OpenYearRequest {
    let meter = Meter { name: "resident.assistance".to_owned(), base_fen: 200_000, paid_fen, ..Meter::default() };
    OpenYearRequest {
        idempotency_key: key.to_owned(),
        person_id: "p".to_owned(),
        year: 2035,
        accumulators: Some(Accumulators { meters: vec![meter], ..Accumulators::default() }),
        source: "the system before".to_owned(),
        operator_id: "officer".to_owned(),
        division: BY_SETTLEMENT.to_owned(),
        replaces: replaces.to_owned(),
    }
}

/// What StreamShares says was paid of the year's start, in fen.
async fn streamed(town: &Town) -> Vec<i64> {
    let request = StreamSharesRequest { person_id: "p".to_owned(), ..StreamSharesRequest::default() };
    let mut years = town.one_stop().stream_shares(request).await.expect("a stream").into_inner();
    let mut paid = Vec::new();
    while let Some(year) = years.message().await.expect("a year") {
        paid.extend(year.year.unwrap().year.unwrap().opening.iter().map(|one| one.amount_fen));
    }
    paid
}

#[test]
fn what_was_paid_before_a_year_was_opened_counts_against_the_limit_and_is_corrected_there_too() {
    on_both(|url| async move {
        let town = Town::open(&url).await;
        town.grant("p", Category::Destitute, "2035-01-01").await;
        let mut accounts = AccountServiceClient::new(town.house.channel());
        let opened = accounts.open_year(opening("O1", "", 90_000)).await.expect("opened").into_inner();
        town.told().await;
        assert_eq!(
            (town.limit("p").await, streamed(&town).await),
            ((0, 90_000), vec![90_000]),
            "a year without a claim"
        );
        // 100.00 of the 250.00 are left
        let claim = town.house.settles("K1", "p", &stay("B1", DAYS, SMALL)).await;
        assert_eq!(split(&claim), [90_000, 0, 0, 40_000]);
        town.told().await;
        assert_eq!((town.limit("p").await, streamed(&town).await), ((0, 100_000), vec![90_000]));
        // it was another person's
        let corrected = accounts.open_year(opening("O2", &opened.opening_id, 0)).await.expect("corrected").into_inner();
        assert_ne!(corrected.opening_id, opened.opening_id);
        town.becomes("K1", [105_000, 0, 0, 25_000]).await;
        town.told().await;
        assert_eq!((town.limit("p").await, streamed(&town).await), ((0, 25_000), Vec::new()));
        assert_eq!(town.due().await, (25_000, -25_000));
        town.close().await;
    });
}

#[test]
fn what_one_category_was_paid_for_is_taken_back_and_another_that_ended_without_it_keeps_its_share() {
    on_both(|url| async move {
        let town = Town::open(&url).await;
        let monitored = town.grant("p", Category::Monitored, "2035-01-01").await;
        let destitute = town.grant("p", Category::Destitute, "2035-01-02").await;
        town.house.settles("K1", "p", &stay("B1", DAYS, SMALL)).await;
        town.told().await;
        // an end back in time takes nothing back
        let ended = town.ends(&destitute, "2035-01-31").await;
        town.claws_back(&monitored).await.expect("taken back");
        let categories = async || {
            let claim = town.standing("K1").await;
            (split(&claim), claim.person_facts.expect("facts").categories)
        };
        let expected = ([105_000, 0, 0, 25_000], vec![i32::from(Category::Destitute)]);
        until("the claim loses the one category", async || categories().await == expected).await;
        town.mended().await;
        town.claws_back(&ended).await.expect("taken back");
        town.becomes("K1", [80_000, 0, 0, 50_000]).await;
        town.told().await;
        assert_eq!((town.limit("p").await, town.due().await), ((0, 0), (0, 0)));
        // it is taken back once, with its money or without
        let newest = pb::assistance::v1::CategoryGrant { version: 3, ..ended };
        let again = town.claws_back(&newest).await.expect_err("it was taken back");
        assert_eq!((reason(&again).as_str(), about(&again, "state").as_str()), ("WRONG_STATE", "taken_back"));
        town.close().await;
    });
}

/// The places, where the rules of a stay are those of its first day.
fn by_admission() -> Vec<PackFile> {
    let mut files = packs();
    for file in &mut files {
        file.text =
            file.text.replace("counts_admission = true\n", "counts_admission = true\ndated_by = \"admission\"\n");
    }
    files
}

#[test]
fn a_stay_whose_rules_are_those_of_its_first_day_has_the_categories_of_that_day() {
    on_both(|url| async move {
        let mut town = Town::without(&url, by_admission()).await;
        town.keeper_comes().await;
        town.grant("p", Category::Destitute, "2035-03-01").await;
        let part = |key: &str, days: (&str, &str)| {
            let mut request = asks(key, "p", &stay(key, days, SMALL));
            request.submission.as_mut().unwrap().stay_id = "S1".to_owned();
            request
        };
        let first = part("K1", ("2035-02-20", "2035-02-28"));
        let interim = SettleInterimRequest { idempotency_key: "K1".to_owned(), submission: first.submission };
        town.house.client().settle_interim(interim).await.expect("settled");
        // the part's own first day has a category, and the whole stay's has none
        let whole = town.house.client().settle(part("K2", ("2035-03-02", "2035-03-09"))).await.expect("settled");
        let whole = claim_of(whole.into_inner());
        // (2,600.00 - 300.00) x 0.8
        assert_eq!((split(&whole), whole.third_system()), ([184_000, 0, 0, 76_000], ThirdSystem::NotConcerned));
        town.told().await;
        town.mended().await;
        assert_eq!((town.limit("p").await, town.due().await), ((0, 0), (0, 0)));
        town.close().await;
    });
}

#[test]
fn two_places_of_insurance_in_one_year_share_the_limit_and_each_has_its_own_books() {
    on_both(|url| async move {
        let town = Town::open(&url).await;
        town.grant("p", Category::Destitute, "2035-01-01").await;
        let first = town.house.settles("K1", "p", &stay("B1", DAYS, 780_000)).await;
        let mut second = asks_in(BY_SERVICE, "K2", "p", &stay("B2", DAYS, SMALL));
        second.submission.as_mut().unwrap().with_steps = false;
        let second = claim_of(town.house.client().settle(second).await.expect("settled").into_inner());
        assert_eq!([split(&first)[0], split(&second)[0]], [690_000, 90_000]);
        town.told().await;
        let books = async || {
            let of = |place: &str| format!("due:{place}:assistance");
            let (here, there) = (of(BY_SETTLEMENT), of(BY_SERVICE));
            let settled = (town.balance(&here).await, town.balance(&there).await);
            (settled, (town.kept(&here).await, town.kept(&there).await))
        };
        assert_eq!((town.limit("p").await, books().await), ((0, 100_000), ((90_000, 10_000), (-90_000, -10_000))));
        town.house.reverses("R1", &first).await.expect("reversed");
        town.becomes("K2", [105_000, 0, 0, 25_000]).await;
        town.told().await;
        assert_eq!((town.limit("p").await, books().await), ((0, 25_000), ((0, 25_000), (0, -25_000))));
        town.close().await;
    });
}

#[test]
fn a_keeper_that_goes_and_comes_back_pays_what_was_settled_meanwhile_and_what_comes_after() {
    on_both(|url| async move {
        let mut town = Town::open(&url).await;
        town.grant("p", Category::Destitute, "2035-01-01").await;
        let before = town.house.settles("K1", "p", &stay("B1", DAYS, SMALL)).await;
        town.told().await;
        town.keeper_goes().await;
        let meanwhile = town.house.settles("K2", "p", &stay("B2", DAYS, SMALL)).await;
        assert_eq!((before.third_system(), meanwhile.third_system()), (ThirdSystem::Whole, ThirdSystem::Follows));
        town.keeper_comes().await;
        town.becomes("K2", [105_000, 0, 0, 25_000]).await;
        let after = town.house.settles("K3", "p", &stay("B3", DAYS, SMALL)).await;
        assert_eq!((split(&after), after.third_system()), ([105_000, 0, 0, 25_000], ThirdSystem::Whole));
        town.told().await;
        assert_eq!((town.limit("p").await, town.due().await), ((0, 75_000), (75_000, -75_000)));
        town.close().await;
    });
}
