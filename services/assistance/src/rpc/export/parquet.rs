//! Apache Parquet: groups of rows, each column by itself, uncompressed.

use std::sync::Arc;

use ::parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use ::parquet::column::writer::ColumnWriterImpl;
use ::parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use ::parquet::schema::types::Type;
use chrono::NaiveDate;
use rpc::Fault;

use super::{COLUMNS, Cell, Writes};
use crate::store::watches::Listed;

/// Entries of a group of rows: enough for a column to be read in one go, few enough to be held.
const GROUP: usize = 10_000;
/// Of a column whose cells may be empty: that one is there.
const PRESENT: i16 = 1;

pub(super) struct Parquet {
    file: SerializedFileWriter<Vec<u8>>,
    waiting: Vec<Listed>,
}

impl Parquet {
    pub(super) fn new() -> Result<Self, Fault> {
        let schema = schema().map_err(Fault::internal)?;
        let properties = WriterProperties::builder().set_created_by("yibao".to_owned()).build();
        let file = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties));
        Ok(Self { file: file.map_err(Fault::internal)?, waiting: Vec::new() })
    }

    fn group(&mut self) -> Result<(), ParquetError> {
        let entries = std::mem::take(&mut self.waiting);
        if entries.is_empty() {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        for (_, cell) in &COLUMNS {
            let missing = || ParquetError::General("a column is missing".to_owned());
            let mut column = group.next_column()?.ok_or_else(missing)?;
            write(&mut column, cell, &entries)?;
            column.close()?;
        }
        group.close().map(|_| ())
    }
}

impl Writes for Parquet {
    fn add(&mut self, found: Vec<Listed>) -> Result<Vec<u8>, Fault> {
        self.waiting.extend(found);
        if self.waiting.len() >= GROUP {
            self.group().map_err(Fault::internal)?;
        }
        // what is written is counted above this buffer, and what is still held back comes later, so it may be taken away
        Ok(std::mem::take(self.file.inner_mut()))
    }

    fn end(&mut self) -> Result<Vec<u8>, Fault> {
        self.group().map_err(Fault::internal)?;
        self.file.finish().map_err(Fault::internal)?;
        Ok(std::mem::take(self.file.inner_mut()))
    }
}

fn schema() -> Result<Type, ParquetError> {
    let column = |(name, cell): &(&str, Cell)| {
        let (physical, logical, repetition) = match cell {
            Cell::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String), Repetition::REQUIRED),
            Cell::MaybeText(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String), Repetition::OPTIONAL),
            Cell::Day(_) => (Physical::INT32, Some(LogicalType::Date), Repetition::REQUIRED),
            Cell::Year(_) => (Physical::INT32, None, Repetition::REQUIRED),
            Cell::Number(_) => (Physical::INT64, None, Repetition::REQUIRED),
            Cell::MaybeFen(_) => (Physical::INT64, None, Repetition::OPTIONAL),
            Cell::Moment(_) => {
                (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS)), Repetition::REQUIRED)
            }
        };
        let column = Type::primitive_type_builder(name, physical).with_logical_type(logical);
        column.with_repetition(repetition).build().map(Arc::new)
    };
    let columns = COLUMNS.iter().map(column).collect::<Result<_, _>>()?;
    Type::group_type_builder("watch_list").with_fields(columns).build()
}

fn write(column: &mut SerializedColumnWriter<'_>, cell: &Cell, entries: &[Listed]) -> Result<(), ParquetError> {
    let text = |text: String| ByteArray::from(text.into_bytes());
    let all = |of: &dyn Fn(&Listed) -> i64| entries.iter().map(of).collect::<Vec<_>>();
    match cell {
        Cell::Text(of) => {
            required(column.typed::<ByteArrayType>(), &entries.iter().map(of).map(text).collect::<Vec<_>>())
        }
        Cell::MaybeText(of) => optional(column.typed::<ByteArrayType>(), entries.iter().map(|one| of(one).map(text))),
        Cell::Day(of) => {
            required(column.typed::<Int32Type>(), &entries.iter().map(|one| since_1970(of(one))).collect::<Vec<_>>())
        }
        Cell::Year(of) => required(column.typed::<Int32Type>(), &entries.iter().map(of).collect::<Vec<_>>()),
        Cell::Number(of) => {
            required(column.typed::<Int64Type>(), &all(&|one| i64::try_from(of(one)).unwrap_or(i64::MAX)))
        }
        Cell::MaybeFen(of) => optional(column.typed::<Int64Type>(), entries.iter().map(of)),
        Cell::Moment(of) => required(column.typed::<Int64Type>(), &all(&|one| of(one).timestamp_micros())),
    }
}

fn required<T: DataType>(column: &mut ColumnWriterImpl<'_, T>, values: &[T::T]) -> Result<(), ParquetError> {
    column.write_batch(values, None, None).map(|_| ())
}

fn optional<T: DataType>(
    column: &mut ColumnWriterImpl<'_, T>,
    cells: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let cells: Vec<Option<T::T>> = cells.collect();
    let levels: Vec<i16> = cells.iter().map(|cell| if cell.is_some() { PRESENT } else { 0 }).collect();
    let values: Vec<T::T> = cells.into_iter().flatten().collect();
    column.write_batch(&values, Some(&levels), None).map(|_| ())
}

/// A day as Parquet counts it.
fn since_1970(day: NaiveDate) -> i32 {
    let days = day.signed_duration_since(chrono::DateTime::UNIX_EPOCH.date_naive()).num_days();
    i32::try_from(days).unwrap_or(i32::MAX)
}
