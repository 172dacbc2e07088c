//! One transaction over one connection: what is read is waited for, what is written is sent ahead.
//!
//! PostgreSQL answers the statements of a connection in their order. So a write need not be waited
//! for: what is read after it sees it, and whether it went well is asked at the next read that fails,
//! or at the end. A batch of some thousand writes then costs few round trips. Whoever waits takes the
//! answers to all of them off the line: one that nobody takes would hold up those behind it.
//!
//! Each statement still costs the engine an answer of its own, a third of its time for such rows. Rows that are only added
//! are therefore gathered, and go as one statement before anything is read and at the end.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use deadpool_postgres::Object;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::runtime::Handle;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::super::form::signed;
use super::super::{Result, StoreError};
use crate::sockets::wait;

/// A parameter of a statement that is sent ahead.
pub(super) type Sent = Box<dyn ToSql + Sync + Send>;

/// A parameter of a statement that is waited for.
pub(super) type Asked<'a> = &'a (dyn ToSql + Sync);

type Underway = Pin<Box<dyn Future<Output = std::result::Result<(), tokio_postgres::Error>>>>;

/// How many writes may be under way before somebody waits for the oldest.
const AHEAD: usize = 4_096;

/// One value of a row that is gathered.
pub(super) enum Cell {
    Number(Option<i64>),
    Text(String),
    Bytes(Option<Vec<u8>>),
}

impl From<u64> for Cell {
    fn from(number: u64) -> Cell {
        Cell::Number(Some(signed(number)))
    }
}

impl From<Vec<u8>> for Cell {
    fn from(bytes: Vec<u8>) -> Cell {
        Cell::Bytes(Some(bytes))
    }
}

/// Rows that one statement adds: a parameter holds all values of a column.
struct Gathered {
    sql: &'static str,
    rows: Vec<Vec<Cell>>,
}

impl Gathered {
    fn columns(self) -> Vec<Sent> {
        let mut rows = self.rows;
        let width = rows.first().map_or(0, Vec::len);
        let mut columns: Vec<Vec<Cell>> = (0..width).map(|_| Vec::with_capacity(rows.len())).collect();
        for row in rows.drain(..) {
            columns.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
        }
        columns.into_iter().map(column).collect()
    }
}

/// A column whose cells are all of the first one's kind.
fn column(cells: Vec<Cell>) -> Sent {
    match cells.first() {
        Some(Cell::Text(_)) => {
            let texts = cells.into_iter().map(|cell| if let Cell::Text(text) = cell { Some(text) } else { None });
            Box::new(texts.collect::<Vec<Option<String>>>())
        }
        Some(Cell::Bytes(_)) => {
            let bytes = cells.into_iter().map(|cell| if let Cell::Bytes(bytes) = cell { bytes } else { None });
            Box::new(bytes.collect::<Vec<Option<Vec<u8>>>>())
        }
        _ => {
            let numbers = cells.into_iter().map(|cell| if let Cell::Number(number) = cell { number } else { None });
            Box::new(numbers.collect::<Vec<Option<i64>>>())
        }
    }
}

/// How many rows are gathered before they go.
const TOGETHER: usize = 1_024;

/// A connection within a transaction. Dropped before it has ended, the connection is closed, and
/// nothing of the transaction remains.
pub(super) struct Line {
    /// None only while this is being dropped.
    object: Option<Arc<Object>>,
    runtime: Handle,
    underway: RefCell<FuturesUnordered<Underway>>,
    gathered: RefCell<Vec<Gathered>>,
    /// The first fault among what was sent ahead.
    fault: RefCell<Option<StoreError>>,
    ended: bool,
}

impl Line {
    /// Begins a transaction with the statement `begin`.
    pub(super) fn begin(object: Object, runtime: Handle, begin: &'static str) -> Result<Line> {
        let line = Line {
            object: Some(Arc::new(object)),
            runtime,
            underway: RefCell::default(),
            gathered: RefCell::default(),
            fault: RefCell::default(),
            ended: false,
        };
        line.run(begin, Vec::new())?;
        Ok(line)
    }

    /// Ends the transaction with `COMMIT`. Durable when this returns; after an error nothing remains,
    /// unless the connection was lost over this very statement: then either may be.
    pub(super) fn commit(mut self) -> Result<()> {
        self.send_gathered()?;
        // Where a write failed, PostgreSQL takes this for a rollback.
        self.run("COMMIT", Vec::new())?;
        self.settle()?;
        self.ended = true;
        Ok(())
    }

    /// Gives the transaction up.
    pub(super) fn give_up(mut self) -> Result<()> {
        self.gathered.take();
        *self.underway.borrow_mut() = FuturesUnordered::new();
        self.run("ROLLBACK", Vec::new())?;
        self.settle()?;
        self.ended = true;
        Ok(())
    }

    /// Sends a write ahead.
    pub(super) fn run(&self, sql: &str, params: Vec<Sent>) -> Result<()> {
        let statement = self.prepared(sql)?;
        let client = self.client()?;
        let sent: Underway = Box::pin(async move { client.execute_raw(&statement, params).await.map(drop) });
        self.underway.borrow_mut().push(sent);
        // The first poll hands the statement over, in order; later ones only wait for the answer.
        let _ = self.take_answers(&mut Context::from_waker(Waker::noop()));
        if self.underway.borrow().len() >= AHEAD { self.settle() } else { Ok(()) }
    }

    /// Adds a row by `sql`, whose parameters are arrays, one for each column. It goes together with others by the same
    /// statement, before anything is read, and not in its order among other writes: they must not touch it.
    pub(super) fn add(&self, sql: &'static str, row: Vec<Cell>) -> Result<()> {
        let mut gathered = self.gathered.borrow_mut();
        let known = gathered.iter().position(|group| group.sql == sql);
        let at = known.unwrap_or_else(|| {
            gathered.push(Gathered { sql, rows: Vec::new() });
            gathered.len() - 1
        });
        gathered[at].rows.push(row);
        let many = gathered[at].rows.len() >= TOGETHER;
        drop(gathered);
        if many { self.send_gathered() } else { Ok(()) }
    }

    fn send_gathered(&self) -> Result<()> {
        self.gathered.take().into_iter().try_for_each(|group| self.run(group.sql, group.columns()))
    }

    /// Runs several statements without parameters, and waits for them.
    pub(super) fn all(&self, sql: &str) -> Result<()> {
        self.send_gathered()?;
        let client = self.client()?;
        self.wait(client.batch_execute(sql)).map_err(|error| self.cause(error.into()))
    }

    /// Runs a statement without parameters whose meaning changes from one time to the next, such as one
    /// about a cursor.
    pub(super) fn fresh(&self, sql: &str) -> Result<Vec<Row>> {
        self.send_gathered()?;
        let client = self.client()?;
        self.wait(client.query(sql, &[])).map_err(|error| self.cause(error.into()))
    }

    /// Runs a statement that gives rows back, and waits for them.
    pub(super) fn many<T>(
        &self,
        sql: &str,
        params: &[Asked<'_>],
        mut read: impl FnMut(&Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.send_gathered()?;
        let statement = self.prepared(sql)?;
        let client = self.client()?;
        let rows = self.wait(client.query(&statement, params));
        rows.map_err(|error| self.cause(error.into()))?.iter().map(&mut read).collect()
    }

    /// Like [`Line::many`], for one row at most.
    pub(super) fn one<T>(
        &self,
        sql: &str,
        params: &[Asked<'_>],
        read: impl FnMut(&Row) -> Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.many(sql, params, read)?.pop())
    }

    /// Waits for everything that was sent ahead; the first fault, if there was one.
    pub(super) fn settle(&self) -> Result<()> {
        wait(&self.runtime, poll_fn(|context| self.take_answers(context)));
        self.fault.borrow_mut().take().map_or(Ok(()), Err)
    }

    /// Takes the answers that are here to what was sent ahead; ready when there are no more to come.
    fn take_answers(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut underway = self.underway.borrow_mut();
        loop {
            match underway.poll_next_unpin(context) {
                Poll::Ready(Some(Ok(()))) => {}
                Poll::Ready(Some(Err(error))) => {
                    // What comes after a fault says only that there was one.
                    let follows = error.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION);
                    let mut fault = self.fault.borrow_mut();
                    if fault.is_none() && !follows {
                        *fault = Some(error.into());
                    }
                }
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Waits for `work`, and takes the answers to what was sent ahead meanwhile.
    pub(super) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let both = poll_fn(|context| {
            let _ = self.take_answers(context);
            work.as_mut().poll(context)
        });
        wait(&self.runtime, both)
    }

    pub(super) fn client(&self) -> Result<Arc<Object>> {
        self.object.clone().ok_or_else(|| StoreError::Failed("the transaction has ended".into()))
    }

    fn prepared(&self, sql: &str) -> Result<Statement> {
        let client = self.client()?;
        let prepared = self.wait(client.prepare_cached(sql));
        prepared.map_err(|error| self.cause(error.into()))
    }

    /// What fails after a failed write fails because of it.
    pub(super) fn cause(&self, error: StoreError) -> StoreError {
        self.settle().err().unwrap_or(error)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        *self.underway.borrow_mut() = FuturesUnordered::new();
        if self.ended {
            return;
        }
        // Out of the pool, the connection is closed, and PostgreSQL takes everything back.
        if let Some(object) = self.object.take().and_then(Arc::into_inner) {
            drop(Object::take(object));
        }
    }
}
