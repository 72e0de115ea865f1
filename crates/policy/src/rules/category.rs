//! Several assistance categories at once: the most favourable counts, never twice (`domain.md` 5.1).

use terms::Category;

/// The categories to try; none is one of them only where the person has no other.
pub(crate) fn candidates(categories: &[Category]) -> impl Iterator<Item = Category> + use<> {
    let mut sorted: Vec<Category> = categories.iter().copied().filter(|category| *category != Category::None).collect();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.is_empty() {
        sorted.push(Category::None);
    }
    sorted.into_iter()
}
