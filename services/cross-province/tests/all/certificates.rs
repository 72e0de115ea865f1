//! Between provinces a connection's certificate says who is at the other end, and what may come over it.

use pb::cross_province::v1 as pb;
use pb::peer_service_client::PeerServiceClient;
use rpc::Tls;
use testkit::{Authority, on_both, on_sqlite};
use tonic::Code;

use crate::believed::{Speaker, prepare};
use crate::pair::{CARE, HUB, INSURED, Lines, Pair, uri_of, visit};
use crate::thin::{is_even, reason};

/// A caller of the place of insurance with a certificate of an authority.
fn caller(pair: &Pair, authority: &Authority, uri: &str) -> PeerServiceClient<rpc::Client> {
    let issued = authority.issue(uri);
    // the server is believed whoever asks: it is the caller that is looked at here
    let tls = Tls::new(&issued.certificate, &issued.key, &pair.authority.certificate());
    PeerServiceClient::new(rpc::channel_over(&format!("https://{}", pair.insured.line), &tls).unwrap())
}

fn asks(bill: &str) -> pb::DeliverRequest {
    pb::DeliverRequest { envelope: Some(Speaker::new().says(&prepare(bill).into())) }
}

#[test]
fn a_bill_passes_between_provinces_that_know_each_other_s_certificates() {
    on_both(|url| async move {
        let pair = Pair::over(&url, Lines::Certified).await;
        let bill = pair.settles("K1", visit("B1", 130_000)).await;
        assert_eq!((bill.owed_fen, bill.cash_fen), (80_000, 50_000));
        is_even(&pair).await;
    });
}

#[test]
fn nobody_is_heard_without_a_certificate_of_the_provinces_authority() {
    on_sqlite(|url| async move {
        let pair = Pair::over(&url, Lines::Certified).await;
        let plain = rpc::channel(&format!("http://{}", pair.insured.line)).unwrap();
        let answer = PeerServiceClient::new(plain).deliver(asks(&"a".repeat(32))).await;
        assert_eq!(answer.unwrap_err().code(), Code::Unavailable);
        let other = Authority::new();
        let answer = caller(&pair, &other, &uri_of(CARE)).deliver(asks(&"b".repeat(32))).await;
        assert_eq!(answer.unwrap_err().code(), Code::Unavailable);
        assert_eq!(Pair::count(&pair.insured.database, "SELECT COUNT(*) AS n FROM message").await, 0);
    });
}

#[test]
fn a_province_brings_no_message_of_another() {
    on_sqlite(|url| async move {
        let pair = Pair::over(&url, Lines::Certified).await;
        for uri in [uri_of(INSURED), uri_of("970000"), uri_of(HUB), "spiffe://elsewhere/990000".to_owned()] {
            let answer = caller(&pair, &pair.authority, &uri).deliver(asks(&"a".repeat(32))).await;
            assert_eq!(reason(&answer.unwrap_err()), "WRONG_PEER", "{uri}");
        }
        assert_eq!(Pair::count(&pair.insured.database, "SELECT COUNT(*) AS n FROM message").await, 0);
        let answer = caller(&pair, &pair.authority, &uri_of(CARE)).deliver(asks(&"a".repeat(32))).await;
        assert_eq!(answer.unwrap().into_inner().envelope.unwrap().kind(), pb::BodyKind::Offered);
    });
}

#[test]
fn a_hub_hands_messages_on_and_keeps_none() {
    on_both(|url| async move {
        let pair = Pair::over(&url, Lines::Hub).await;
        let bill = pair.settles("K1", visit("B1", 130_000)).await;
        assert_eq!((bill.owed_fen, bill.cash_fen), (80_000, 50_000));
        is_even(&pair).await;
        let hub = pair.hub.as_ref().unwrap();
        assert_eq!(Pair::count(&hub.database, "SELECT COUNT(*) AS n FROM message").await, 0);
        // what comes round the hub is not heard, though the certificate is the sender's own
        let answer = caller(&pair, &pair.authority, &uri_of(CARE)).deliver(asks(&"a".repeat(32))).await;
        assert_eq!(reason(&answer.unwrap_err()), "WRONG_PEER");
        // and what the place of insurance refuses, the hub refuses in its words
        let mut forged = asks(&"b".repeat(32));
        forged.envelope.as_mut().unwrap().signature[3] ^= 1;
        let issued = pair.authority.issue(&uri_of(CARE));
        let tls = Tls::new(&issued.certificate, &issued.key, &pair.authority.certificate());
        let line = rpc::channel_over(&format!("https://{}", hub.line), &tls).unwrap();
        let answer = PeerServiceClient::new(line).deliver(forged).await;
        assert_eq!(reason(&answer.unwrap_err()), "NOT_AUTHENTIC");
    });
}
