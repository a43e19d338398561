//! Asking many sites at once, so that one that hangs keeps nobody waiting for the others.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

const AT_ONCE_MAX: usize = 16;

/// Visits each of `items`, some of them at a time. What became of each is told as soon as it is known; none: it took
/// longer than `patience`.
pub async fn visit_all<T, A, F>(
    items: impl IntoIterator<Item = T>,
    patience: Duration,
    visit: impl Fn(T) -> F,
    mut tell: impl FnMut(T, Option<A>),
) where
    T: Clone + Send + 'static,
    A: Send + 'static,
    F: Future<Output = A> + Send + 'static,
{
    let turns = Arc::new(Semaphore::new(AT_ONCE_MAX));
    let mut visits = JoinSet::new();
    for item in items {
        let (turns, visited) = (turns.clone(), visit(item.clone()));
        visits.spawn(async move {
            let _turn = turns.acquire_owned().await;
            (item, timeout(patience, visited).await.ok())
        });
    }
    while let Some(visited) = visits.join_next().await {
        if let Ok((item, answer)) = visited {
            tell(item, answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_that_hangs_keeps_nobody_waiting_and_is_given_up() {
        let visit = |number: usize| async move {
            if number == 0 {
                std::future::pending::<()>().await;
            }
            number * 2
        };
        let mut told = Vec::new();
        visit_all(0..5, Duration::from_millis(300), visit, |number, answer| told.push((number, answer)))
            .await;
        assert_eq!(told.pop(), Some((0, None)));
        told.sort_unstable();
        assert_eq!(told, [(1, Some(2)), (2, Some(4)), (3, Some(6)), (4, Some(8))]);
    }

    #[tokio::test]
    async fn only_some_are_visited_at_a_time_and_all_in_the_end() {
        let now = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let visit = |_| {
            let now = now.clone();
            async move {
                let visitors = now.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
                tokio::task::yield_now().await;
                now.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                visitors
            }
        };
        let mut told = Vec::new();
        visit_all(0..100, Duration::from_secs(60), visit, |_, visitors| told.extend(visitors)).await;
        assert!(told.len() == 100 && told.iter().all(|visitors| *visitors <= AT_ONCE_MAX), "{told:?}");
    }
}
