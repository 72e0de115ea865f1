//! The calls of `SettlementService`: each only hands on.

use pb::settlement::v1::settlement_service_server::SettlementService;
use pb::settlement::v1::{
    GetClaimRequest, GetClaimResponse, GetOutcomeRequest, GetOutcomeResponse, GetStatementRequest,
    GetStatementResponse, ListClaimsRequest, ListClaimsResponse, PreSettleRequest, PreSettleResponse,
    RefundLinesRequest, RefundLinesResponse, ReimburseRequest, ReimburseResponse, ReplayClaimRequest,
    ReplayClaimResponse, ReverseClaimRequest, ReverseClaimResponse, SettleInterimRequest, SettleInterimResponse,
    SettleRequest, SettleResponse, StreamClaimsRequest, StreamClaimsResponse, VerifyYearsRequest, VerifyYearsResponse,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::Settlement;

type Answer<T> = Result<Response<T>, Status>;
type Stream<T> = ReceiverStream<Result<T, Status>>;

/// Hands a request on and wraps what comes back.
macro_rules! hand_on {
    ($answer:expr) => {
        $answer.await.map(Response::new).map_err(Status::from)
    };
}

#[tonic::async_trait]
impl SettlementService for Settlement {
    type StreamClaimsStream = Stream<StreamClaimsResponse>;
    type VerifyYearsStream = Stream<VerifyYearsResponse>;

    async fn pre_settle(&self, request: Request<PreSettleRequest>) -> Answer<PreSettleResponse> {
        hand_on!(self.preview(request.into_inner()))
    }

    async fn settle(&self, request: Request<SettleRequest>) -> Answer<SettleResponse> {
        hand_on!(self.settle_bill(request.into_inner()))
    }

    async fn settle_interim(&self, request: Request<SettleInterimRequest>) -> Answer<SettleInterimResponse> {
        hand_on!(self.settle_stay(request.into_inner()))
    }

    async fn reimburse(&self, request: Request<ReimburseRequest>) -> Answer<ReimburseResponse> {
        hand_on!(self.reimburse_bill(request.into_inner()))
    }

    async fn reverse_claim(&self, request: Request<ReverseClaimRequest>) -> Answer<ReverseClaimResponse> {
        hand_on!(self.reverse(request.into_inner()))
    }

    async fn refund_lines(&self, request: Request<RefundLinesRequest>) -> Answer<RefundLinesResponse> {
        hand_on!(self.refund(request.into_inner()))
    }

    async fn get_claim(&self, request: Request<GetClaimRequest>) -> Answer<GetClaimResponse> {
        hand_on!(self.claim(request.into_inner()))
    }

    async fn get_outcome(&self, request: Request<GetOutcomeRequest>) -> Answer<GetOutcomeResponse> {
        hand_on!(self.outcome(request.into_inner()))
    }

    async fn list_claims(&self, request: Request<ListClaimsRequest>) -> Answer<ListClaimsResponse> {
        hand_on!(self.list(request.into_inner()))
    }

    async fn stream_claims(&self, request: Request<StreamClaimsRequest>) -> Answer<Self::StreamClaimsStream> {
        hand_on!(self.stream(request.into_inner()))
    }

    async fn get_statement(&self, request: Request<GetStatementRequest>) -> Answer<GetStatementResponse> {
        hand_on!(self.statement(request.into_inner()))
    }

    async fn replay_claim(&self, request: Request<ReplayClaimRequest>) -> Answer<ReplayClaimResponse> {
        hand_on!(self.replay(request.into_inner()))
    }

    async fn verify_years(&self, request: Request<VerifyYearsRequest>) -> Answer<Self::VerifyYearsStream> {
        hand_on!(self.verify(request.into_inner()))
    }
}
