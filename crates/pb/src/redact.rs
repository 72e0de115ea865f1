use std::fmt;

use crate::enrolment::v1::{FindPersonRequest, Identity};

/// Prints nothing that says who it is.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(…)")
    }
}

/// Prints nothing that says who it is.
impl fmt::Debug for FindPersonRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FindPersonRequest(…)")
    }
}
