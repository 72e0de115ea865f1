//! Limits of the wire, one place for all services.

use std::time::Duration;

/// The largest request or reply, in bytes. A larger one is `TOO_MUCH`.
pub const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How long a call may take if its caller says nothing.
pub const DEADLINE_DEFAULT: Duration = Duration::from_secs(10);

/// How long a call may take whatever its caller says.
pub const DEADLINE_MAX: Duration = Duration::from_secs(600);

/// How long a connection may take to be made.
pub const CONNECT_MAX: Duration = Duration::from_secs(3);

/// How often an idle connection is asked whether it still stands.
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);

/// How long that question may stay without an answer.
pub const KEEPALIVE_MAX: Duration = Duration::from_secs(5);

/// How many bytes of a status are spent on field violations: trailers travel as headers, and many clients take no more
/// than 8 KiB of those. What does not fit is counted in `metadata.left_off`.
pub const VIOLATION_BYTES_MAX: usize = 4 * 1024;

/// How many characters of a found value a violation repeats.
pub const FOUND_CHARS_MAX: usize = 80;

/// The longest request id that is taken over from a caller.
pub const REQUEST_ID_BYTES_MAX: usize = 64;
