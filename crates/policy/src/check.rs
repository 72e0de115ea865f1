//! x
use crate::{Problems, pack::PackTree};
pub(crate) fn national_list(_: &PackTree, _: &mut Problems) {}
