use std::fmt;

use crate::cross_province::v1::FindInsuredRequest;
use crate::enrolment::v1::{FindPersonRequest, GetPhoneResponse, Identity, PersonDocument};

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

/// Prints nothing that says who it is.
impl fmt::Debug for GetPhoneResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GetPhoneResponse(…)")
    }
}

/// Prints nothing that says who it is.
impl fmt::Debug for PersonDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonDocument(…)")
    }
}

/// Prints nothing that says who it is.
impl fmt::Debug for FindInsuredRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FindInsuredRequest(…)")
    }
}
