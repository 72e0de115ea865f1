//! Accounts of relatives whose binding has ended, and bills that are decided anew after it.

use money::Fen;
use settlement::app::{Bind, Command, Unbind};
use store::idempotency::Call;
use testkit::on_both;

use crate::support::{House, name};
use crate::world::{balance, changes, split, town, visit};

async fn bind(house: &House, owner: &str) {
    let (call, relation) = (Call::new("test", &format!("bind {owner}")), "parent".to_owned());
    let bind = Bind { call, owner: name(owner), relative: name("p"), relation, from: None };
    house.carry_out(Command::Bind(bind)).await;
}

async fn unbind(house: &House, owner: &str) {
    use sea_orm::{ConnectionTrait as _, Statement};
    let reader = house.database.reader();
    let sql = format!("SELECT id FROM binding WHERE owner = '{owner}'");
    let row = reader.query_one_raw(Statement::from_string(reader.get_database_backend(), sql)).await.unwrap().unwrap();
    let binding = name(&row.try_get::<String>("", "id").unwrap());
    house
        .carry_out(Command::Unbind(Unbind { call: Call::new("test", &format!("end {owner}")), binding, to: None }))
        .await;
}

#[test]
fn what_a_relative_no_longer_bound_gets_back_is_offered_to_no_other_bill() {
    on_both(|url| async move {
        let house = town(&url).await;
        house.credit("owner", Fen::new(10_000)).await;
        bind(&house, "owner").await;
        // all deductible, 100.00 of it from the relative's account; then 1000.00 × 0.8, and nothing is left there
        let first = house.settles("K1", "p", &visit("B1", "2035-03-01", 30_000)).await;
        let second = house.settles("K2", "p", &visit("B2", "2035-03-02", 100_000)).await;
        assert_eq!((split(&first), split(&second)), ([0, 0, 10_000, 20_000], [80_000, 0, 0, 20_000]));
        unbind(&house, "owner").await;
        house.clock.set("2035-06-02T02:00:00Z");
        // B2 bears the deductible: 560.00 from the fund, 440.00 in cash
        let answer = house.reverses("R1", &first).await.expect("reversed");
        assert_eq!(changes(&answer.adjustments), [("B2".to_owned(), -24_000, 24_000)]);
        assert_eq!(balance(&house.database, "owner").await, 10_000);
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn a_bill_keeps_what_a_relative_no_longer_bound_has_paid_of_it() {
    on_both(|url| async move {
        let house = town(&url).await;
        house.credit("owner", Fen::new(40_000)).await;
        bind(&house, "owner").await;
        let first = house.settles("K1", "p", &visit("B1", "2035-03-01", 30_000)).await;
        let second = house.settles("K2", "p", &visit("B2", "2035-03-02", 100_000)).await;
        // of the 200.00 that are left of B2 the relative's account still pays 100.00
        assert_eq!((split(&first), split(&second)), ([0, 0, 30_000, 0], [80_000, 0, 10_000, 10_000]));
        unbind(&house, "owner").await;
        house.clock.set("2035-06-02T02:00:00Z");
        house.credit("other", Fen::new(5_000)).await;
        bind(&house, "other").await;
        let answer = house.reverses("R1", &first).await.expect("reversed");
        // 560.00 from the fund; of 440.00 still 100.00 from the account that paid them, and nothing of who came later
        assert_eq!(changes(&answer.adjustments), [("B2".to_owned(), -24_000, 24_000)]);
        let balances = [balance(&house.database, "owner").await, balance(&house.database, "other").await];
        assert_eq!(balances, [30_000, 5_000]);
        // what is settled from now on is paid by who is bound now: 440.00 of the ceiling are left, 260.00 × 0.8 = 208.00
        let third = house.settles("K3", "p", &visit("B3", "2035-03-03", 26_000)).await;
        assert_eq!(split(&third), [20_800, 0, 5_000, 200]);
        house.reverses("R2", &second).await.expect("reversed");
        house.is_sound().await;
        house.close().await;
    });
}
