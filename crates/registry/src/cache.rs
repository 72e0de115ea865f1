use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use policy::{Policy, Version};

/// The compiled versions used last, a bounded number of them.
#[derive(Debug)]
pub(crate) struct Cache {
    most: usize,
    /// The one used last stands last.
    used: Mutex<VecDeque<Arc<Policy>>>,
}

impl Cache {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, used: Mutex::default() }
    }

    pub(crate) fn get(&self, version: Version) -> Option<Arc<Policy>> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let at = used.iter().position(|policy| policy.version() == version)?;
        let policy = used.remove(at)?;
        used.push_back(Arc::clone(&policy));
        Some(policy)
    }

    pub(crate) fn put(&self, policy: &Arc<Policy>) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|known| known.version() != policy.version());
        used.push_back(Arc::clone(policy));
        while used.len() > self.most {
            used.pop_front();
        }
    }
}
