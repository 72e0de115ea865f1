//! Small packs, and databases with the registry's tables.

use chrono::{DateTime, Utc};
use policy::{PackFile, Version};
use registry::{Change, Prepared, Publish, PublishError, Published, Registry, RollForward, Seed, Settings, Source};
use store::{Database, migrations};
use terms::Division;

pub(crate) fn file(path: &str, text: &str) -> PackFile {
    PackFile { path: path.to_owned(), text: text.to_owned() }
}

pub(crate) fn division(code: &str) -> Division {
    code.parse().unwrap()
}

pub(crate) fn moment() -> DateTime<Utc> {
    "2026-01-02T03:04:05.000006Z".parse().unwrap()
}

/// The pooled fund's ratio of the root, `0.60`.
pub(crate) fn inpatient(ratio: &str) -> PackFile {
    let text = format!(
        "cite = \"T-1\"\n[stack]\nall = {{ 2020-01-01 = [\"pooled\"] }}\n[pooled]\npayer = \"pool\"\n\
         [pooled.ratio]\nall = {{ 2020-01-01 = \"{ratio}\" }}\n"
    );
    file("990000/resident/inpatient.toml", &text)
}

/// Three levels: 990000 above 990100 above 990101, which does not begin with its parent's digits.
pub(crate) fn packs() -> Vec<PackFile> {
    let payers = "[pool]\nzh = \"统筹\"\nen = \"pool\"\nkind = \"fund\"\nfield = \"hifp_pay\"\n";
    vec![
        file("clauses.toml", "[T-1]\ndocument = \"test\"\nplace = \"1\"\nzh = \"测试\"\nen = \"test\"\n"),
        file("990000/division.toml", "zh = \"某省\"\nen = \"a province\"\n"),
        file("990000/payers.toml", payers),
        inpatient("0.60"),
        file("990100/division.toml", "parent = \"990000\"\nzh = \"某市\"\nen = \"a city\"\n"),
        file("990201/division.toml", "parent = \"990100\"\nzh = \"某区\"\nen = \"a district\"\n"),
    ]
}

pub(crate) async fn migrated(url: &str) -> Database {
    let database = Database::open(url).await.unwrap();
    migrations::migrate(&database, &[migrations::SHARED, registry::MIGRATIONS]).await.unwrap();
    database
}

/// A registry without Redis.
pub(crate) async fn alone(database: &Database) -> Registry {
    Registry::open(Source::Database(database.clone()), Settings::default()).await.unwrap()
}

/// A database with the packs as its first publication, and a registry over it without Redis.
pub(crate) async fn seeded(url: &str) -> (Database, Registry) {
    let database = migrated(url).await;
    let registry = alone(&database).await;
    registry.seed(seed(packs())).await.unwrap().unwrap();
    (database, registry)
}

pub(crate) fn seed(files: Vec<PackFile>) -> Seed {
    let [id, operator, reason, source] = ["0", "system", "first start", "as shipped"].map(str::to_owned);
    Seed { id, files, operator, reason, source, at: moment() }
}

pub(crate) fn change(base: Option<Version>, files: Vec<PackFile>) -> Change {
    Change { base, files, removed: Vec::new() }
}

pub(crate) fn publish(id: &str, code: &str, change: Change) -> Publish {
    let [operator, reason, source] = ["officer-1", "new ratio", "document 7"].map(str::to_owned);
    Publish { id: id.to_owned(), division: division(code), change, operator, reason, source, at: moment() }
}

pub(crate) fn roll(id: &str, code: &str, version: Version, replaced: Option<Version>) -> RollForward {
    let [operator, reason] = ["officer-2", "back again"].map(str::to_owned);
    RollForward { id: id.to_owned(), division: division(code), version, replaced, operator, reason, at: moment() }
}

/// Publishes in a transaction of its own, and announces.
pub(crate) async fn published(
    database: &Database,
    registry: &Registry,
    publish: Publish,
) -> Result<Published, PublishError> {
    let prepared = registry.prepare(publish).await?;
    kept(database, registry, &prepared).await
}

pub(crate) async fn kept(
    database: &Database,
    registry: &Registry,
    prepared: &Prepared,
) -> Result<Published, PublishError> {
    let published = database.transaction(|tx| async move { registry.publish(&tx, prepared).await }).await?;
    registry.announce(prepared.version()).await;
    Ok(published)
}
