use std::borrow::Cow;

use opentelemetry::{KeyValue, global};

/// A measured whole number: how old something is, how much of it there is, a sum that must be zero.
///
/// What was set last is sent with every report until it is set again. Nothing is sent before the first time.
#[derive(Clone, Debug)]
pub struct Gauge(opentelemetry::metrics::Gauge<i64>);

impl Gauge {
    /// A gauge of a name such as `yibao.outbox.lag`, a unit (`s`, `fen`, `{event}`) and a sentence that says what it is.
    ///
    /// Make it after telemetry has begun: it goes to the meter there is at that moment.
    #[must_use]
    pub fn register(
        name: impl Into<Cow<'static, str>>,
        unit: impl Into<Cow<'static, str>>,
        description: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self(global::meter("host").i64_gauge(name).with_unit(unit).with_description(description).build())
    }

    /// Says what it stands at.
    pub fn set(&self, value: i64) {
        self.0.record(value, &[]);
    }

    /// Says what it stands at for one of several: the name of an attribute (`division`) and which one it is. There is a
    /// series for each of them, so they are few, and none is a person's.
    pub fn set_for(&self, attribute: &'static str, which: &str, value: i64) {
        self.0.record(value, &[KeyValue::new(attribute, which.to_owned())]);
    }
}
