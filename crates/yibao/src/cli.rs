use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;

use chrono::NaiveDate;
use clap::builder::FalseyValueParser;
use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};
use terms::{Division, Name, Scheme};

/// Exit code: an expectation was not met, or `policy check` or `verify` found something.
pub(crate) const DIFFERENCES: u8 = 1;
/// Exit code: bad input, bad usage, or what is needed is not there.
pub(crate) const BAD_INPUT: u8 = 2;

/// Settle medical bills under dated, cited policy, and explain every fen.
#[derive(Debug, Parser)]
#[command(name = "yibao", version, about, max_term_width = 100, after_help = EXIT_CODES, subcommand_required = true)]
pub(crate) struct Cli {
    /// text for people, json for programs; csv for spreadsheets, of reports only
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Language of text: zh or en
    #[arg(long, global = true, value_enum, default_value_t = Language::En)]
    pub(crate) lang: Language,
    /// No colours, also on a terminal
    #[arg(long, global = true, env = "NO_COLOR", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(crate) no_color: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 a case's expectation was not met, or policy check, verify or year found \
                          something; 2 bad input, bad usage, or a service that cannot be reached or started.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The main job on real input, over real gRPC: bills of five places settled and explained, one reversed, all verified
    Demo,
    /// All services in this process, on this machine alone: for trying out, as callers are trusted with a person's facts
    Up(Up),
    /// Fold person-years again and compare with what is stored: accumulators, decisions, accounts, journal
    Verify(Verify),
    /// Who was helped, with what, by whom: by month, category and division, read from a running assistance service
    Report(Report),
    /// A generated year in a city's counts: granted, billed and settled by all services, reported, and audited from outside
    Year(Year),
    /// Settle case files; where a case holds expectations, compare to the fen
    Adjudicate(Adjudicate),
    /// A case's statement as one self-contained page
    Statement(StatementPage),
    /// Check, show and compare policy
    #[command(subcommand)]
    Policy(Policy),
    /// How fast the services are
    #[command(subcommand)]
    Bench(Bench),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Settle bills of one case, again and again, and count how many a second and how long each took
    Settle(BenchSettle),
    /// Clear a month of generated bills between generated provinces: declared over gRPC, the sheet made, confirmed and noticed
    Clearing(BenchClearing),
}

#[derive(Debug, clap::Args)]
pub(crate) struct BenchClearing {
    /// The database of the centre in this process, without a month of clearing: sqlite:FILE or postgres://…; none: a SQLite file that
    /// is removed
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// How many bills; one of a hundred is reversed too
    #[arg(long, default_value = "1000000", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub(crate) bills: u64,
    /// How many provinces
    #[arg(long, default_value = "31", value_parser = clap::value_parser!(u8).range(2..=31))]
    pub(crate) provinces: u8,
    /// What the bills are drawn from
    #[arg(long, default_value_t = 7)]
    pub(crate) seed: u64,
    /// How many provinces declare side by side
    #[arg(long, default_value = "4")]
    pub(crate) callers: NonZeroU32,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BenchSettle {
    /// A settlement service that runs and trusts facts, http://host:port; none: one in this process
    #[arg(long, value_name = "URL", conflicts_with = "database")]
    pub(crate) address: Option<String>,
    /// The database of the service in this process: sqlite:FILE or postgres://…; none: a SQLite file that is removed
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// One-stop settlement: of each hundred people this many have the category of the case, granted by an assistance service beside
    /// settlement; none: the category is handed in
    #[arg(long, value_name = "PERCENT", conflicts_with = "address", value_parser = clap::value_parser!(u8).range(..=100))]
    pub(crate) assisted: Option<u8>,
    /// The database of the assistance service; none: a SQLite file that is removed
    #[arg(long, value_name = "URL", requires = "assisted")]
    pub(crate) assistance_database: Option<String>,
    /// The case whose first bill is settled; none: one that is built in
    #[arg(long)]
    pub(crate) case: Option<PathBuf>,
    /// How many call side by side
    #[arg(long, default_value = "32")]
    pub(crate) callers: NonZeroU32,
    /// How many persons the bills are for
    #[arg(long, default_value = "20000")]
    pub(crate) people: NonZeroU64,
    /// Open loop: calls a second, whatever the answers; none: closed loop, each calls again as soon as it is answered
    #[arg(long)]
    pub(crate) rate: Option<NonZeroU32>,
    /// How long calls count, in seconds
    #[arg(long, default_value = "20")]
    pub(crate) seconds: NonZeroU64,
    /// How long calls are made before they count, in seconds
    #[arg(long, default_value = "5")]
    pub(crate) warm_up: u64,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Up {
    /// Where the data are kept, made where there is none; the second time it goes on where it was
    #[arg(long, value_name = "DIR", default_value = "yibao-data")]
    pub(crate) folder: PathBuf,
    /// Port of settlement; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 7001)]
    pub(crate) settlement_port: u16,
    /// Port of enrolment; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 7002)]
    pub(crate) enrolment_port: u16,
    /// Port of assistance; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 7003)]
    pub(crate) assistance_port: u16,
}

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["address", "database"])))]
pub(crate) struct Verify {
    /// Settlement's or enrolment's database: sqlite:yibao-data/settlement.sqlite or postgres://…
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// A running settlement service: http://127.0.0.1:7001
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) address: Option<String>,
    /// Beside enrolment's database: that of assistance, whose journal must say the same of premium assistance
    #[arg(long, value_name = "URL", requires = "database")]
    pub(crate) assistance_database: Option<String>,
    /// Only this person
    #[arg(long, value_name = "ID", value_parser = name)]
    pub(crate) person: Option<Name>,
    /// Only this year
    #[arg(long, value_name = "YEAR", value_parser = clap::value_parser!(u16).range(1..=9999))]
    pub(crate) year: Option<u16>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Report {
    /// A running assistance service
    #[arg(long, value_name = "ADDRESS", default_value = "http://127.0.0.1:7003")]
    pub(crate) address: String,
    /// First month of settlement, such as 2022-01
    #[arg(long, value_name = "MONTH")]
    pub(crate) from: String,
    /// Last month of settlement; none: the first
    #[arg(long, value_name = "MONTH")]
    pub(crate) to: Option<String>,
    /// Place of insurance with all below it, six digits; may be given several times
    #[arg(long = "division", value_name = "CODE", required = true)]
    pub(crate) divisions: Vec<Division>,
    /// Only this scheme: resident or employee
    #[arg(long, value_name = "SCHEME")]
    pub(crate) scheme: Option<Scheme>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Year {
    /// What the year is drawn from: the same seed gives the same year
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) seed: u64,
    /// One bill of this many, rounded up
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) scale: NonZeroU32,
    /// How many people are served side by side
    #[arg(long, default_value = "16")]
    pub(crate) callers: NonZeroU32,
    /// An empty folder in which the databases stay, for `yibao up --folder`; none: they are removed
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Adjudicate {
    /// Case files (tests/cases/README.md says how to write one)
    #[arg(required = true)]
    pub(crate) cases: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) facts: CaseFacts,
    /// The same bill under another fact: filing=unfiled, institution=primary, category=low_income, on=2021-12-31, …;
    /// prints the difference a payer. May be given several times, each for itself
    #[arg(long = "what-if", value_name = "FACT=VALUE", value_parser = fact)]
    pub(crate) what_if: Vec<(String, String)>,
    /// No statements: only what-ifs, the differences from expectations and a count
    #[arg(long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CaseFacts {
    /// A folder of packs instead of those that ship
    #[arg(long, value_name = "DIR")]
    pub(crate) policies: Option<PathBuf>,
    /// Settle as if every bill were of this day; expectations are not compared
    #[arg(long, value_name = "DATE")]
    pub(crate) on: Option<NaiveDate>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct StatementPage {
    /// The case file
    pub(crate) case: PathBuf,
    /// The page to write; - for standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) html: PathBuf,
    #[command(flatten)]
    pub(crate) facts: CaseFacts,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Gaps, overlaps, unknown names, missing citations, parameters off the national list, cliffs and inversions
    Check {
        /// A folder of packs; those that ship where none is given
        dir: Option<PathBuf>,
    },
    /// The whole stack in force for a division on a day, inherited values marked
    Show {
        /// Division code, six digits
        division: Division,
        /// The day
        #[arg(long, value_name = "DATE")]
        on: NaiveDate,
        /// One benefit only: inpatient, outpatient, resident.inpatient, …
        #[arg(long)]
        benefit: Option<String>,
        /// A folder of packs instead of those that ship
        #[arg(long, value_name = "DIR")]
        policies: Option<PathBuf>,
    },
    /// What changed for a division between two days, with citations
    Diff {
        /// Division code, six digits
        division: Division,
        /// The earlier day
        from: NaiveDate,
        /// The later day
        to: NaiveDate,
        /// A folder of packs instead of those that ship
        #[arg(long, value_name = "DIR")]
        policies: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
    Csv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    Zh,
    En,
}

impl Cli {
    /// Reads the arguments; clap ends the program with exit code 2 on bad usage.
    pub(crate) fn read() -> Self {
        let cli = Self::parse();
        if cli.format == Format::Csv && !matches!(cli.command, Command::Report(_)) {
            Self::command().error(ErrorKind::InvalidValue, "only `yibao report` writes CSV: text or json").exit();
        }
        cli
    }
}

fn name(text: &str) -> Result<Name, String> {
    let name = Name::new(text).ok().filter(|name| !name.is_empty());
    name.ok_or_else(|| "write the person's id, 1 to 47 bytes".to_owned())
}

fn fact(text: &str) -> Result<(String, String), String> {
    let (fact, value) = text.split_once('=').ok_or("write it as fact=value, such as institution=primary")?;
    Ok((fact.trim().to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
