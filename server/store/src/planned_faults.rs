//! Database calls that fail on purpose, so that it can be shown what becomes of the books at each of them.
//!
//! Every statement, beginning and commit of a store goes over a [`Line`]. A store that was connected as usual has no
//! plan, and its line does nothing but pass the call on.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, ExecResult, QueryResult, RuntimeErr,
    Statement,
};

/// A database call that is to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedFault {
    /// Which call from now on; the first is 1.
    pub call: u64,
    /// Whether it is lost on its way there or on its way back.
    pub moment: FaultMoment,
    /// As what the caller sees it.
    pub kind: FaultKind,
    /// Whether every later call fails as well, on its way there, until another plan is made.
    pub lasts: bool,
}

/// Where a call is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultMoment {
    /// The database never sees it.
    Before,
    /// The database has done it, and its answer is lost.
    After,
}

/// What a failed call looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The connection is gone: the same may succeed on another.
    ConnectionLost,
    /// The database refuses the statement: repeating it is no use.
    Refused,
}

/// The plan of a store's faults, shared with the test that makes it.
#[derive(Debug, Default)]
pub struct PlannedFaults {
    state: Mutex<PlanState>,
}

#[derive(Debug, Default)]
struct PlanState {
    planned: Option<PlannedFault>,
    calls: u64,
    has_struck: bool,
}

impl PlannedFaults {
    /// Counts calls anew and lets this one fail; nothing: none.
    pub fn plan(&self, planned: Option<PlannedFault>) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) =
            PlanState { planned, calls: 0, has_struck: false };
    }

    /// Whether the planned call came, and failed.
    pub fn has_struck(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).has_struck
    }

    /// Counts a call, and says how it fails.
    fn next(&self) -> Option<(FaultMoment, FaultKind)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let planned = state.planned?;
        state.calls += 1;
        if state.calls == planned.call {
            state.has_struck = true;
            return Some((planned.moment, planned.kind));
        }
        (planned.lasts && state.calls > planned.call).then_some((FaultMoment::Before, planned.kind))
    }

    /// Makes a call, or lets it fail as planned.
    async fn carry<T>(&self, call: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        match self.next() {
            None => call.await,
            Some((FaultMoment::Before, kind)) => Err(kind.error()),
            Some((FaultMoment::After, kind)) => {
                call.await?;
                Err(kind.error())
            }
        }
    }
}

impl FaultKind {
    fn error(self) -> DbErr {
        match self {
            FaultKind::ConnectionLost => DbErr::Conn(RuntimeErr::Internal("lost on purpose".to_owned())),
            FaultKind::Refused => DbErr::Exec(RuntimeErr::Internal("refused on purpose".to_owned())),
        }
    }
}

/// Makes a call over a line, which loses it where that is planned.
pub(crate) async fn carry<T>(
    faults: Option<&PlannedFaults>,
    call: impl Future<Output = Result<T, DbErr>>,
) -> Result<T, DbErr> {
    match faults {
        None => call.await,
        Some(faults) => faults.carry(call).await,
    }
}

/// A connection or a transaction, the faults that are planned on the way to it, and what is kept as long as it lasts.
#[derive(Clone)]
pub(crate) struct Line<C, G = ()> {
    inner: C,
    faults: Option<Arc<PlannedFaults>>,
    _guard: G,
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, DbErr>> + Send + 'a>>;

impl<C, G> Line<C, G> {
    pub fn new(inner: C, faults: Option<Arc<PlannedFaults>>, guard: G) -> Self {
        Line { inner, faults, _guard: guard }
    }

    /// What the line leads to, which is then left.
    pub fn into_inner(self) -> C {
        self.inner
    }

    /// What the line leads to, for what no plan needs to see.
    pub fn inner(&self) -> &C {
        &self.inner
    }

    /// Runs what ends in the other side's answer, which the plan may lose.
    fn pass<'a, T: 'a>(&'a self, answer: Answer<'a, T>) -> Answer<'a, T> {
        match &self.faults {
            None => answer,
            // As `carry` does it, without a second box where nothing is planned.
            Some(faults) => Box::pin(faults.carry(answer)),
        }
    }
}

impl<G> Line<DatabaseTransaction, G> {
    /// Commits. After an error it may have happened.
    pub async fn commit(self) -> Result<(), DbErr> {
        carry(self.faults.as_deref(), self.inner.commit()).await
    }
}

// As the trait's macro would write it, but without a second box around each call.
impl<C: ConnectionTrait, G: Send + Sync> ConnectionTrait for Line<C, G> {
    fn get_database_backend(&self) -> DatabaseBackend {
        self.inner.get_database_backend()
    }

    fn execute_raw<'life, 'future>(&'life self, statement: Statement) -> Answer<'future, ExecResult>
    where
        'life: 'future,
        Self: 'future,
    {
        self.pass(self.inner.execute_raw(statement))
    }

    fn execute_unprepared<'life, 'sql, 'future>(&'life self, sql: &'sql str) -> Answer<'future, ExecResult>
    where
        'life: 'future,
        'sql: 'future,
        Self: 'future,
    {
        self.pass(self.inner.execute_unprepared(sql))
    }

    fn query_one_raw<'life, 'future>(
        &'life self,
        statement: Statement,
    ) -> Answer<'future, Option<QueryResult>>
    where
        'life: 'future,
        Self: 'future,
    {
        self.pass(self.inner.query_one_raw(statement))
    }

    fn query_all_raw<'life, 'future>(&'life self, statement: Statement) -> Answer<'future, Vec<QueryResult>>
    where
        'life: 'future,
        Self: 'future,
    {
        self.pass(self.inner.query_all_raw(statement))
    }
}
