//! The messages between services, and the clients and servers of their calls: generated from `proto/`.
//!
//! The crate stands for the protobuf package `yibao`, its modules for the packages below it: `yibao.settlement.v1.Claim`
//! is `pb::settlement::v1::Claim`.
//!
//! Invariant: it holds generated code only, and what keeps that code from printing personal data; it converts nothing,
//! checks nothing and knows no other crate of the suite.

mod redact;

/// Every file of `proto/` and what it imports, encoded, with its comments: what reflection serves.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/yibao.binpb"));

/// Includes a generated package as a module.
macro_rules! package {
    ($(#[$doc:meta])* $name:ident $file:literal) => {
        $(#[$doc])*
        pub mod $name {
            /// Version 1.
            // Each element keeps its comment from proto/, so missing_docs stays on.
            #[allow(
                unused_qualifications,
                clippy::allow_attributes_without_reason,
                clippy::large_enum_variant,
                clippy::too_many_lines,
                reason = "generated: the form is tonic's and prost's, the content is held by buf and by this crate's tests"
            )]
            pub mod v1 {
                include!(concat!(env!("OUT_DIR"), "/", $file));
            }
        }
    };
}

package! {
    /// `yibao.type`: words, days, journals, error reasons.
    r#type "yibao.r#type.v1.rs"
}
package! {
    /// `yibao.policy`: facts, decisions, questions; the registry and the pure answers.
    policy "yibao.policy.v1.rs"
}
package! {
    /// `yibao.enrolment`: people, enrolments, coverage, transfers, imports, funding.
    enrolment "yibao.enrolment.v1.rs"
}
package! {
    /// `yibao.assistance`: categories, reservations, applications, the watch list, other payers, reports.
    assistance "yibao.assistance.v1.rs"
}
package! {
    /// `yibao.settlement`: claims, accounts, reconciliation, catalogue, one-stop settlement.
    settlement "yibao.settlement.v1.rs"
}
package! {
    /// `yibao.cross_province`: messages between provinces; bills of patients insured elsewhere.
    cross_province "yibao.cross_province.v1.rs"
}
