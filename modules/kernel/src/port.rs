//! Ports: how one context calls another. [`port!`](crate::port!) declares one as data, and with it the two halves that carry it
//! across a boundary, so that a context in the same process, behind the loopback or on another host is called alike.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::call::{CallContext, PortError};
use crate::event::{Carried, Envelope, EventFeed, Unreadable};
use crate::page::Limit;
use crate::time::Clock;

/// The provider's half: answers a call that arrives as JSON.
#[async_trait]
pub trait Dispatch: Send + Sync {
    /// Calls `method` with the request in `body`; the answer holds the method's own result, error included.
    async fn dispatch(&self, method: &str, call: &CallContext, body: Value) -> Result<Value, PortError>;
}

/// The caller's half: takes a call to wherever its provider is.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// Carries one call there and its answer back.
    async fn carry(&self, method: &'static str, call: &CallContext, body: Value) -> Result<Value, PortError>;
}

/// Calls `method` through a carrier. Used by what [`port!`](crate::port!) generates.
#[doc(hidden)]
pub async fn carry<Q, A, E>(
    carrier: &dyn Carrier,
    method: &'static str,
    call: &CallContext,
    request: &Q,
) -> Result<A, E>
where
    Q: Serialize + Sync,
    A: DeserializeOwned,
    E: DeserializeOwned + From<PortError>,
{
    let body = serde_json::to_value(request).map_err(PortError::unavailable)?;
    let answer = carrier.carry(method, call, body).await?;
    serde_json::from_value::<Result<A, E>>(answer).map_err(PortError::unavailable)?
}

/// Reads the request of a dispatched call. Used by what [`port!`](crate::port!) generates.
#[doc(hidden)]
pub fn read_request<Q: DeserializeOwned>(body: Value) -> Result<Q, PortError> {
    serde_json::from_value(body).map_err(PortError::unavailable)
}

/// Writes the result of a dispatched call. Used by what [`port!`](crate::port!) generates.
#[doc(hidden)]
pub fn write_result<A: Serialize, E: Serialize>(result: &Result<A, E>) -> Result<Value, PortError> {
    serde_json::to_value(result).map_err(PortError::unavailable)
}

/// Declares a port: an object-safe trait whose methods take a call context and one serialisable request each.
///
/// `via` names the generated caller's half, which implements the trait over any [`Carrier`]; `provider` the generated
/// provider's half, which answers for any implementation of the trait. The error type must be serialisable and must
/// take a [`PortError`].
#[macro_export]
macro_rules! port {
    (
        $(#[$doc:meta])*
        $vis:vis trait $name:ident fails $error:ty, via $via:ident, provider $provider:ident {
            $( $(#[$method_doc:meta])* fn $method:ident($arg:ident: $request:ty) -> $answer:ty; )+
        }
    ) => {
        $(#[$doc])*
        #[async_trait::async_trait]
        $vis trait $name: Send + Sync {
            $( $(#[$method_doc])* async fn $method(&self, call: &$crate::CallContext, $arg: $request) -> Result<$answer, $error>; )+
        }

        /// The port as seen from where its provider is not: every call goes through a carrier.
        $vis struct $via(pub std::sync::Arc<dyn $crate::port::Carrier>);

        #[async_trait::async_trait]
        impl $name for $via {
            $( async fn $method(&self, call: &$crate::CallContext, $arg: $request) -> Result<$answer, $error> {
                $crate::port::carry(self.0.as_ref(), stringify!($method), call, &$arg).await
            } )+
        }

        /// The port as its provider mounts it for callers elsewhere.
        $vis struct $provider(pub std::sync::Arc<dyn $name>);

        #[async_trait::async_trait]
        impl $crate::port::Dispatch for $provider {
            async fn dispatch(
                &self,
                method: &str,
                call: &$crate::CallContext,
                body: $crate::serde_json::Value,
            ) -> Result<$crate::serde_json::Value, $crate::PortError> {
                match method {
                    $( stringify!($method) => {
                        let request = $crate::port::read_request(body)?;
                        $crate::port::write_result(&self.0.$method(call, request).await)
                    } )+
                    _ => Err($crate::PortError::unavailable("no such method")),
                }
            }
        }
    };
}

/// What a loopback does to the calls that pass through it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disturbance {
    /// How long each call takes on top, half before and half after the provider's work.
    pub delay: Duration,
    /// Every how many calls one fails with `Unavailable`, before the provider hears of it; 0 for never.
    pub lose_request_every: u64,
    /// Every how many calls one is carried out and its answer lost; 0 for never.
    pub lose_answer_every: u64,
}

/// A carrier that never leaves the process but sends everything through JSON, late and with losses if so told.
///
/// The whole-system journeys run once more through it: what works here works across a network.
pub struct Loopback {
    provider: Arc<dyn Dispatch>,
    clock: Arc<dyn Clock>,
    disturbance: Disturbance,
    calls: AtomicU64,
}

impl Loopback {
    /// A loopback to `provider`.
    pub fn new(provider: Arc<dyn Dispatch>, clock: Arc<dyn Clock>, disturbance: Disturbance) -> Arc<Self> {
        Arc::new(Self { provider, clock, disturbance, calls: AtomicU64::new(0) })
    }
}

#[async_trait]
impl Carrier for Loopback {
    async fn carry(&self, method: &'static str, call: &CallContext, body: Value) -> Result<Value, PortError> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let hits = |every: u64| every > 0 && number.is_multiple_of(every);
        if hits(self.disturbance.lose_request_every) {
            return Err(PortError::unavailable("the loopback lost the request"));
        }
        self.clock.sleep(self.disturbance.delay / 2).await;
        if self.clock.now() > call.deadline {
            return Err(PortError::DeadlineExceeded);
        }
        let call = through_json(call)?;
        let body = serde_json::from_slice(&serde_json::to_vec(&body).map_err(PortError::unavailable)?)
            .map_err(PortError::unavailable)?;
        let answer = self.provider.dispatch(method, &call, body).await?;
        self.clock.sleep(self.disturbance.delay / 2).await;
        if hits(self.disturbance.lose_answer_every) {
            return Err(PortError::DeadlineExceeded);
        }
        through_json(&answer)
    }
}

/// An event feed that sends every envelope through JSON, as a feed from another process would be. What this end cannot
/// read is told of as such; its neighbours arrive.
pub struct LoopbackFeed<E>(pub Arc<dyn EventFeed<E>>);

#[async_trait]
impl<E: Serialize + DeserializeOwned + Send + Sync> EventFeed<E> for LoopbackFeed<E> {
    async fn events_after(&self, after: i64, limit: Limit) -> Result<Vec<Carried<E>>, PortError> {
        self.0.events_after(after, limit).await?.iter().map(carried).collect()
    }

    async fn acknowledge(&self, consumer: &str, number: i64) -> Result<(), PortError> {
        self.0.acknowledge(consumer, number).await
    }
}

/// One envelope as the other end reads it: the outside first, then its content on its own.
fn carried<E: Serialize + DeserializeOwned>(sent: &Carried<E>) -> Result<Carried<E>, PortError> {
    received(&serde_json::to_vec(sent).map_err(PortError::unavailable)?)
}

fn received<E: DeserializeOwned>(bytes: &[u8]) -> Result<Carried<E>, PortError> {
    let Envelope { number, id, aggregate, at, event }: Carried<Value> =
        serde_json::from_slice(bytes).map_err(PortError::unavailable)?;
    let event = event.and_then(|content| {
        serde_json::from_value(content).map_err(|_| Unreadable("the event cannot be read here".to_owned()))
    });
    Ok(Envelope { number, id, aggregate, at, event })
}

fn through_json<T: Serialize + DeserializeOwned>(value: &T) -> Result<T, PortError> {
    let bytes = serde_json::to_vec(value).map_err(PortError::unavailable)?;
    serde_json::from_slice(&bytes).map_err(PortError::unavailable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Actor, ManualClock, Timestamp};
    use futures_util::FutureExt;

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize, thiserror::Error)]
    #[serde(rename_all = "snake_case")]
    enum GreetError {
        #[error("nobody to greet")]
        Nobody,
        #[error(transparent)]
        Port(#[from] PortError),
    }

    port! {
        /// Greets.
        trait Greeter fails GreetError, via GreeterVia, provider GreeterProvider {
            /// Greets by name.
            fn greet(name: String) -> String;
        }
    }

    struct Polite;

    #[async_trait]
    impl Greeter for Polite {
        async fn greet(&self, _: &CallContext, name: String) -> Result<String, GreetError> {
            if name.is_empty() { Err(GreetError::Nobody) } else { Ok(format!("Good day, {name}")) }
        }
    }

    fn greet(disturbance: Disturbance, name: &str) -> Result<String, GreetError> {
        let clock = Arc::new(ManualClock::default());
        let call =
            CallContext::new(Actor::Anonymous, "r".parse().unwrap(), clock.now(), Duration::from_secs(1));
        let provider = Arc::new(GreeterProvider(Arc::new(Polite)));
        let far = GreeterVia(Loopback::new(provider, clock, disturbance));
        far.greet(&call, name.to_owned()).now_or_never().unwrap()
    }

    #[test]
    fn a_call_through_the_loopback_gives_the_providers_own_result() {
        assert_eq!(greet(Disturbance::default(), "Ada"), Ok("Good day, Ada".to_owned()));
        assert_eq!(greet(Disturbance::default(), ""), Err(GreetError::Nobody));
    }

    #[test]
    fn a_lost_or_late_call_is_an_error_the_caller_can_name() {
        let lossy = Disturbance { lose_request_every: 1, ..Disturbance::default() };
        assert!(matches!(greet(lossy, "Ada"), Err(GreetError::Port(PortError::Unavailable { .. }))));
        let deaf = Disturbance { lose_answer_every: 1, ..Disturbance::default() };
        assert_eq!(greet(deaf, "Ada"), Err(GreetError::Port(PortError::DeadlineExceeded)));
        let slow = Disturbance { delay: Duration::from_secs(4), ..Disturbance::default() };
        assert_eq!(greet(slow, "Ada"), Err(GreetError::Port(PortError::DeadlineExceeded)));
    }

    #[test]
    fn an_unknown_method_is_refused() {
        let call =
            CallContext::new(Actor::Anonymous, "r".parse().unwrap(), Timestamp::UNIX_EPOCH, Duration::ZERO);
        let provider = GreeterProvider(Arc::new(Polite));
        assert!(provider.dispatch("insult", &call, Value::Null).now_or_never().unwrap().is_err());
    }

    /// What a provider of a later release announces.
    #[derive(Clone, serde::Serialize, serde::Deserialize)]
    struct Untyped(Value);

    struct Later;

    #[async_trait]
    impl EventFeed<Untyped> for Later {
        async fn events_after(&self, _: i64, _: Limit) -> Result<Vec<Carried<Untyped>>, PortError> {
            let event = |number: i64, event| Envelope {
                number,
                id: crate::TypedId::from_uuid(uuid::Uuid::from_u128(7)),
                aggregate: "a".to_owned(),
                at: Timestamp::UNIX_EPOCH,
                event,
            };
            let damaged = Err(Unreadable("damaged".to_owned()));
            Ok(vec![
                event(1, Ok(Untyped(Value::from(7)))),
                event(2, damaged),
                event(3, Ok(Untyped(Value::Null))),
            ])
        }
    }

    #[test]
    fn an_event_that_cannot_be_read_crosses_the_loopback_as_such() {
        let far = LoopbackFeed(Arc::new(Later));
        let events = far.events_after(0, Limit::MAX).now_or_never().unwrap().unwrap();
        let read: Vec<_> = events.into_iter().map(|event| (event.number, event.open().is_ok())).collect();
        assert_eq!(read, [(1, true), (2, false), (3, true)]);
    }

    #[test]
    fn what_only_this_end_cannot_read_is_told_of_and_its_neighbours_arrive() {
        let sent = Later.events_after(0, Limit::MAX).now_or_never().unwrap().unwrap();
        let read: Vec<bool> = sent
            .iter()
            .map(|event| {
                let bytes = serde_json::to_vec(event).unwrap();
                received::<u8>(&bytes).unwrap().event.is_ok()
            })
            .collect();
        assert_eq!(read, [true, false, false], "null is no number");
    }
}
