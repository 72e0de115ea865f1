//! Tests of the settlement service: the one test binary of the package.

mod catalogue;
