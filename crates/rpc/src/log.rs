use std::error::Error;

/// The errors behind an error, outermost first; empty if there are none.
pub(crate) fn chain_of(error: &dyn Error) -> String {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes.join(": ")
}
