//! What a commit writes, collected: on PostgreSQL one statement in one round trip, on SQLite one statement a table.

use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::Value as Json;

use crate::rows::{self, Cell, Columns, Source};
use crate::{Error, Tx};

/// One thing to write: a statement over rows.
struct Write {
    name: &'static str,
    sql: String,
    columns: &'static Columns,
    rows: Vec<Vec<Cell>>,
}

/// What a commit writes. Nothing in it may rest on what stands before it in it: on PostgreSQL all of it sees the tables as they were.
#[derive(Default)]
pub struct Batch(Vec<Write>);

impl Batch {
    /// Adds rows of a table, as [`rows::insert`] writes them. `name` says what it is to [`Batch::run`].
    ///
    /// # Errors
    /// [`Error::Corrupt`] where a value is not of its column's kind.
    pub fn insert(
        &mut self,
        name: &'static str,
        (table, columns): (&str, &'static Columns),
        rows: &[Json],
        end: &str,
    ) -> Result<(), Error> {
        self.insert_cells(name, (table, columns), rows::cells(columns, rows)?, end);
        Ok(())
    }

    /// As [`Batch::insert`], of rows that hold each column's cell in the columns' order.
    pub fn insert_cells(
        &mut self,
        name: &'static str,
        (table, columns): (&str, &'static Columns),
        rows: Vec<Vec<Cell>>,
        end: &str,
    ) {
        self.0.push(Write { name, sql: rows::insertion(table, columns, end), columns, rows });
    }

    /// Adds a statement that changes, over rows, as [`rows::execute`] runs it.
    ///
    /// # Errors
    /// As [`Batch::insert`].
    pub fn execute(
        &mut self,
        name: &'static str,
        sql: &str,
        columns: &'static Columns,
        rows: &[Json],
    ) -> Result<(), Error> {
        self.0.push(Write { name, sql: sql.to_owned(), columns, rows: rows::cells(columns, rows)? });
        Ok(())
    }

    /// Writes everything; `written` hears the name of each once it is written. How many rows the last one changed.
    ///
    /// # Errors
    /// What the database said; the transaction is not to be committed then.
    pub async fn run(self, tx: &Tx, written: impl Fn(&'static str)) -> Result<u64, Error> {
        if tx.get_database_backend() == DbBackend::Postgres {
            let names: Vec<&'static str> = self.0.iter().map(|write| write.name).collect();
            let last = self.together(tx).await?;
            names.into_iter().for_each(written);
            return Ok(last);
        }
        let mut last = 0;
        for Write { name, sql, columns, rows } in self.0 {
            last = rows::execute_cells(tx, &sql, columns, rows).await?;
            written(name);
        }
        Ok(last)
    }

    /// One statement of all that has rows; the rows of the last one are counted.
    async fn together(self, tx: &Tx) -> Result<u64, Error> {
        let most = self.0.len();
        let (mut parts, mut values, mut count) = (Vec::new(), Vec::new(), "CAST(0 AS BIGINT)".to_owned());
        for (at, Write { sql, columns, rows, .. }) in self.0.into_iter().enumerate() {
            if rows.is_empty() {
                continue;
            }
            let source = Source::new(DbBackend::Postgres, columns, rows)?;
            let read = rows::counted_on(&source.sql, values.len());
            let mut sql = sql.replace("{rows}", &read);
            if at + 1 == most {
                sql.push_str(" RETURNING 1");
                count = format!("(SELECT count(*) FROM w{at})");
            }
            parts.push(format!("w{at} AS ({sql})"));
            values.extend(source.values);
        }
        if parts.is_empty() {
            return Ok(0);
        }
        let sql = format!("WITH {} SELECT {count} AS n", parts.join(", "));
        let row = tx.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
        let count: i64 = row.ok_or(Error::Corrupt { what: "a count" })?.try_get("", "n")?;
        u64::try_from(count).map_err(|_| Error::Corrupt { what: "a count" })
    }
}
