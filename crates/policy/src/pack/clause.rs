use chrono::NaiveDate;
use serde::Serialize;
use terms::Division;

/// What a citation means: the document, the place in it, and our own wording of the rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Clause {
    /// The id that packs cite: `TB-6`.
    pub id: String,
    /// The document.
    pub document: String,
    /// Where in the document.
    pub place: String,
    /// The rule in our own words, Chinese.
    pub zh: String,
    /// The rule in our own words, English.
    pub en: String,
    /// The place whose document it is; none where it holds for the whole nation.
    #[serde(skip)]
    pub division: Option<Division>,
}

/// How sure a value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Stated in the cited document.
    #[default]
    Said,
    /// Computed from what is stated.
    Derived,
    /// The document is silent; `source` says where the figure is from.
    Assumed,
}

/// The number of a [`Citation`] in a policy version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct SourceId(pub u32);

/// Where a value in force comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Citation {
    /// Clause ids.
    pub cite: Vec<String>,
    /// Said, derived or assumed.
    pub mark: Mark,
    /// For an assumed value, where the figure is from.
    pub source: Option<String>,
    /// Free remark of the pack.
    pub note: Option<String>,
    /// In force from this day.
    pub from: NaiveDate,
    /// No longer in force from this day.
    pub until: Option<NaiveDate>,
    /// The division whose pack says it.
    pub division: Division,
    /// The parameter: `resident.inpatient.pooled.deductible`.
    pub address: String,
    /// The row's condition, as written.
    pub row: String,
    /// The value, as written.
    pub value: String,
    /// The file it stands in.
    pub file: String,
    /// The line it stands on, from 1.
    pub line: usize,
    /// The column, in characters, from 1.
    pub column: usize,
}
