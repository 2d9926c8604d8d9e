//! One credential, kept while it is good: renewed at 80 % of its life, asked for once however many want it.

use std::future::Future;
use std::time::{Duration, SystemTime};

use tokio::sync::Mutex;

use crate::Error;

/// Keeps what expires. `T` is a secret: it is shown nowhere.
pub struct Cache<T> {
    kept: Mutex<Option<Kept<T>>>,
    now: fn() -> SystemTime,
}

struct Kept<T> {
    value: T,
    renew_at: SystemTime,
}

impl<T> std::fmt::Debug for Cache<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Cache").finish_non_exhaustive()
    }
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self { kept: Mutex::new(None), now: SystemTime::now }
    }
}

impl<T: Clone> Cache<T> {
    /// The value, or a new one from `make` (with the time at which it ends) when there is none or 80 % of its life are
    /// over. Callers wait for one another, so that one request serves all.
    pub async fn get<Made>(&self, make: impl FnOnce() -> Made) -> Result<T, Error>
    where
        Made: Future<Output = Result<(T, SystemTime), Error>>,
    {
        let mut kept = self.kept.lock().await;
        if let Some(known) = kept.as_ref()
            && (self.now)() < known.renew_at
        {
            return Ok(known.value.clone());
        }
        // The life begins before the request, whose duration nobody knows.
        let begun = (self.now)();
        let (value, expires_at) = make().await?;
        let life = expires_at.duration_since(begun).unwrap_or(Duration::ZERO);
        *kept = Some(Kept { value: value.clone(), renew_at: begun + life.mul_f64(0.8) });
        Ok(value)
    }

    /// Forgets the value, as the other side no longer takes it.
    pub async fn forget(&self) {
        *self.kept.lock().await = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    static NOW: AtomicU64 = AtomicU64::new(0);

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn now() -> SystemTime {
        at(NOW.load(Ordering::SeqCst))
    }

    #[tokio::test]
    async fn a_value_is_renewed_at_four_fifths_of_its_life_or_when_it_is_forgotten() {
        let cache = Cache { kept: Mutex::new(None), now };
        let count = AtomicU64::new(0);
        let get = async |seconds: u64| {
            NOW.store(seconds, Ordering::SeqCst);
            let make = async || Ok((count.fetch_add(1, Ordering::SeqCst) + 1, at(seconds + 1_000)));
            cache.get(make).await.unwrap()
        };
        assert_eq!(get(0).await, 1);
        assert_eq!(get(799).await, 1);
        assert_eq!(get(800).await, 2);
        cache.forget().await;
        assert_eq!(get(801).await, 3);
    }

    #[tokio::test]
    async fn one_request_serves_all_and_a_failure_is_not_kept() {
        let cache = Cache::default();
        let count = AtomicU64::new(0);
        let make = async || {
            tokio::task::yield_now().await;
            let nth = count.fetch_add(1, Ordering::SeqCst) + 1;
            if nth == 1 {
                return Err(Error::Unexpected { message: "once".to_owned() });
            }
            Ok((nth, SystemTime::now() + Duration::from_hours(1)))
        };
        assert!(cache.get(make).await.is_err());
        let (first, second) = tokio::join!(cache.get(make), cache.get(make));
        assert_eq!((first.unwrap(), second.unwrap()), (2, 2));
    }
}
