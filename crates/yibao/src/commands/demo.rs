//! `yibao demo`: over real gRPC, bills of five places settled and explained, published figures recomputed, and a bill reversed.

mod door;
mod figures;
mod one_stop;
mod watched;
mod window;

use std::process::ExitCode;

use host::{Process, Stop, stop_asked};
use policy::Policy;
use policy::case::{Answer, Case, Difference, Question, read};
use policy::printable;
use policy::statement::{Answered, Lang, adjustment_json, adjustment_text, answer_text};
use serde_json::{Value, json};
use tokio::sync::oneshot;

pub(super) use self::door::institution;
use self::door::{Door, Settled, adjustments_of};
use self::figures::{Figure, spell};
use self::one_stop::Way;
use self::watched::LISTED;
use self::window::Window;
use super::answers;
use crate::cli::DIFFERENCES;
use crate::error::Error;
use crate::files;
use crate::out::Out;
use crate::process;
use crate::suite::{Place, Suite};

/// The cases of demo.txt: role, name, text.
const CASES: &[(&str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/demo.rs"));

/// The name and text of the first bill that is built in.
pub(super) fn first_case() -> Option<(String, String)> {
    let bill = CASES.iter().find(|(role, _, _)| *role == "bill");
    bill.map(|(_, name, text)| ((*name).to_owned(), (*text).to_owned()))
}

pub(crate) fn run(out: &mut Out) -> Result<ExitCode, Error> {
    let policy = files::policy(None)?;
    let folder = tempfile::tempdir()?;
    let settings = process::quiet();
    process::run(&settings, async |process: Process| {
        let asked = stop_asked().map_err(Error::Signals)?;
        let (end, ended) = oneshot::channel::<()>();
        let stop = Stop::when(async { drop(ended.await) });
        let place = Place { folder: folder.path().to_owned(), settlement: 0, enrolment: 0, assistance: 0 };
        let suite = Suite::start(&place, &process, &stop).await?;
        let [address, people, assisted] =
            [suite.settlement, suite.enrolment, suite.assistance].map(|address| format!("http://{address}"));
        if !out.is_json() {
            let (settlement, enrolment, assistance) = (suite.settlement, suite.enrolment, suite.assistance);
            out.line(match out.lang {
                Lang::Zh => {
                    format!("结算服务在 {settlement}，参保服务在 {enrolment}，救助服务在 {assistance}，演示结束即停止\n")
                }
                Lang::En => format!(
                    "settlement serves on {settlement}, enrolment on {enrolment}, assistance on {assistance}, until the \
                     demo ends\n"
                ),
            })?;
        }
        let drain = settings.drain;
        let serving = tokio::spawn(async move { suite.serve(drain, &stop).await });
        let told = async {
            let window = Window::new(&people, &assisted)?;
            Demo::new(Door::new(&address, &policy)?, window, &policy, out).tell().await
        };
        let told = tokio::select! { told = told => told, () = asked => Err(Error::Stopped) };
        drop(end);
        if let Ok(served) = serving.await {
            served?;
        }
        Ok(if told? == 0 { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENCES) })
    })
}

/// What is told, and what has been found so far.
struct Demo<'a> {
    door: Door<'a>,
    window: Window,
    policy: &'a Policy,
    out: &'a mut Out,
    claims: Vec<String>,
    failures: usize,
    cases: Vec<Value>,
    assisted: Vec<Value>,
    watch: Vec<Value>,
    figures: Vec<(String, bool)>,
}

impl<'a> Demo<'a> {
    fn new(door: Door<'a>, window: Window, policy: &'a Policy, out: &'a mut Out) -> Self {
        let (claims, failures, figures) = (Vec::new(), 0, Vec::new());
        let (cases, assisted, watch) = (Vec::new(), Vec::new(), Vec::new());
        Self { door, window, policy, out, claims, failures, cases, assisted, watch, figures }
    }

    /// Everything in order; the number of differences.
    async fn tell(mut self) -> Result<usize, Error> {
        let mut reversible = None;
        for (number, (role, name, text)) in CASES.iter().enumerate() {
            let case = read(name, text).map_err(Error::Problems)?;
            let answer = case.answer(self.policy);
            let mut differences = case.differences(self.policy, &answer);
            let (settled, assisted) = match Way::of(role) {
                None => (self.settle(number, &case, &answer).await?, None),
                Some(way) => {
                    let assisted = self.one_stop(way, number, &case, &answer).await?;
                    (assisted.iter().map(|assisted| assisted.settled.clone()).collect(), assisted)
                }
            };
            self.claims.extend(settled.iter().map(|settled| settled.claim.clone()).filter(|claim| !claim.is_empty()));
            differences.extend(settled.iter().flat_map(|settled| settled.differences.iter().cloned()));
            match Figure::of(role) {
                None => {
                    self.show(&case, &answer, &settled, &differences).await?;
                    if let Some(assisted) = &assisted {
                        self.show_assisted(&case, assisted)?;
                    }
                    if *role == LISTED {
                        self.watched(number, &case).await?;
                    }
                }
                Some(figure) => {
                    let served = self.answers(&case, &answer).await?;
                    let met = served && !case.expected.is_empty() && differences.is_empty();
                    let spelled = spell(self.policy, figure, &case, &answer);
                    self.figures.push((format!("{}: {spelled}", case.title), met));
                    self.failures += usize::from(!met);
                }
            }
            if settled.len() > 1 && reversible.is_none() {
                reversible = Some((case, settled));
            }
        }
        self.show_figures()?;
        let second = match reversible {
            Some((case, settled)) => self.reverse(case, &settled).await?,
            None => Value::Null,
        };
        if self.out.is_json() {
            let figures = self.figures.iter().map(|(text, met)| json!({ "figure": text, "met": met }));
            self.out.json(&json!({
                "version": self.policy.version(), "cases": self.cases, "figures": figures.collect::<Vec<_>>(),
                "one_stop": self.assisted, "watch": self.watch, "reversal": second, "differences": self.failures,
            }))?;
        }
        Ok(self.failures)
    }

    /// The bills of a case, settled one after the other; none of another question.
    async fn settle(&mut self, number: usize, case: &Case, answer: &Answer) -> Result<Vec<Settled>, Error> {
        let (Question::Bills(bills), Answer::Bills { bills: told, .. }) = (&case.question, answer) else {
            return Ok(Vec::new());
        };
        let mut all = Vec::with_capacity(told.len());
        for told in told {
            let person = format!("demo-{number}");
            let (settled, _) = self.door.settle(number, &person, bills, &told.bill, &told.decision).await?;
            all.push(settled);
        }
        Ok(all)
    }

    /// Whether the service answers a question that is no bill as the policy does.
    async fn answers(&mut self, case: &Case, answer: &Answer) -> Result<bool, Error> {
        match (&case.question, answer) {
            (Question::Contribution(facts), Answer::Contribution(Ok(told))) => {
                self.door.contribution(facts, told).await
            }
            _ => Ok(true),
        }
    }

    /// A case whole, as the service states its claims.
    async fn show(
        &mut self,
        case: &Case,
        answer: &Answer,
        settled: &[Settled],
        differences: &[Difference],
    ) -> Result<(), Error> {
        self.failures += differences.len();
        let (lang, as_json) = (self.out.lang, self.out.is_json());
        let mut statements = Vec::new();
        for claim in settled.iter().map(|settled| &settled.claim).filter(|claim| !claim.is_empty()) {
            statements.push(self.door.statement(claim, lang, as_json).await?);
        }
        if as_json {
            let bills: Result<Vec<Value>, _> = statements.iter().map(|text| serde_json::from_str(text)).collect();
            // one that was refused was not kept: its answer is the policy's own
            let answer = if statements.len() == settled.len() && !settled.is_empty() {
                json!({ "bills": bills?, "reversed": [], "adjustments": [], "errors": [] })
            } else {
                answers::json(self.policy, case, answer)
            };
            let (file, title) = (&case.file, &case.title);
            self.cases.push(json!({ "file": file, "title": title, "answer": answer, "differences": differences }));
            return Ok(());
        }
        self.out.heading(&printable(&format!("{} ({})", case.title, case.file)))?;
        if let Some(answered) = Answered::of(case, answer) {
            statements.push(answer_text(self.policy, &answered, lang, self.out.paint));
        } else if statements.len() < settled.len() {
            statements = vec![answers::text(self.policy, case, answer, lang, self.out.paint)];
        }
        self.out.line(statements.join("\n"))?;
        self.show_differences(differences)
    }

    fn show_differences(&mut self, differences: &[Difference]) -> Result<(), Error> {
        for Difference { about, expected, found, .. } in differences {
            self.out.line(printable(&format!("{about}: expected {expected}, found {found}")))?;
        }
        Ok(())
    }

    fn show_figures(&mut self) -> Result<(), Error> {
        if self.out.is_json() {
            return Ok(());
        }
        let out = &mut *self.out;
        out.heading(out.say("公布的数字，由政策包重新算出", "Published figures, recomputed from the packs"))?;
        for (text, met) in &self.figures {
            let mark = if *met { out.say("相符", "agrees") } else { out.say("不符", "DIFFERS") };
            out.line(format!("  {text}   [{mark}]"))?;
        }
        out.line("")
    }

    /// Reverses the first of several bills of a person, shows what that changes, and proves that all is as it should be.
    async fn reverse(&mut self, case: Case, settled: &[Settled]) -> Result<Value, Error> {
        let mut without = case;
        let (Question::Bills(bills), Some(first)) = (&mut without.question, settled.first()) else {
            return Ok(Value::Null);
        };
        bills.reversed = bills.bills.iter().take(1).map(|bill| bill.id).collect();
        let told = adjustments_of(without.answer(self.policy));
        let differences = self.door.reverse(first, &told).await?;
        let mut replayed = 0usize;
        for claim in &self.claims {
            replayed += usize::from(self.door.replays(claim).await?);
        }
        let found = self.door.verify().await?;
        let claims = self.claims.len();
        self.failures += differences.len() + (claims - replayed) + found.differences.len();
        self.failures += usize::from(!found.journal.is_zero());
        if self.out.is_json() {
            let adjustments: Vec<Value> = told.iter().map(|one| adjustment_json(self.policy, one)).collect();
            return Ok(json!({
                "file": without.file, "adjustments": adjustments, "differences": differences,
                "replayed": { "claims": claims, "identical": replayed }, "verified": found.json(),
            }));
        }
        let (lang, failures) = (self.out.lang, self.failures);
        let (cases, figures) = (CASES.len() - self.figures.len(), self.figures.len());
        self.out.heading(&printable(&match lang {
            Lang::Zh => format!("冲正一张账单：{}", without.title),
            Lang::En => format!("The first bill is reversed: {}", without.title),
        }))?;
        for adjustment in &told {
            self.out.line(adjustment_text(self.policy, adjustment, lang))?;
        }
        self.show_differences(&differences)?;
        self.out.line(match lang {
            Lang::Zh => format!("复算 {claims} 个决定，{replayed} 个逐字节相同"),
            Lang::En => format!("{claims} decision(s) replayed, {replayed} identical byte for byte"),
        })?;
        found.show(self.out)?;
        self.out.heading(&match lang {
            Lang::Zh => format!("{cases} 个案例，{figures} 个公布数字，{failures} 处不符"),
            Lang::En => format!("{cases} cases, {figures} published figures, {failures} difference(s)"),
        })?;
        Ok(Value::Null)
    }
}
