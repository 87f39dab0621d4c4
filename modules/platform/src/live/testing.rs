//! A transport in memory, so that the whole protocol runs in a test without a network or a web framework.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytestring::ByteString;

use super::close::Close;
use super::transport::{Fault, Gone, Incoming, Outgoing, Transport};

/// The server's end.
pub struct Pipe(Arc<Mutex<Wire>>);

/// The client's end. It reads when it wants: what it leaves counts against the pipe's capacity.
pub struct Peer(Arc<Mutex<Wire>>);

struct Wire {
    capacity: usize,
    to_client: VecDeque<Outgoing>,
    to_server: VecDeque<Result<Incoming, Fault>>,
    server_gone: bool,
    client_gone: bool,
    server: Option<Waker>,
    client: Option<Waker>,
}

/// A connection that holds `capacity` frames towards the client before the server has to wait.
#[must_use]
pub fn pipe(capacity: usize) -> (Pipe, Peer) {
    let wire = Arc::new(Mutex::new(Wire {
        capacity,
        to_client: VecDeque::new(),
        to_server: VecDeque::new(),
        server_gone: false,
        client_gone: false,
        server: None,
        client: None,
    }));
    (Pipe(Arc::clone(&wire)), Peer(wire))
}

fn lock(wire: &Mutex<Wire>) -> MutexGuard<'_, Wire> {
    wire.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

impl Transport for Pipe {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Gone>> {
        let mut wire = lock(&self.0);
        if wire.client_gone {
            return Poll::Ready(Err(Gone));
        }
        if wire.to_client.len() < wire.capacity {
            return Poll::Ready(Ok(()));
        }
        wire.server = Some(cx.waker().clone());
        Poll::Pending
    }

    fn send(&mut self, frame: Outgoing) -> Result<(), Gone> {
        let mut wire = lock(&self.0);
        if wire.client_gone {
            return Err(Gone);
        }
        wire.to_client.push_back(frame);
        wake(&mut wire.client);
        Ok(())
    }

    fn poll_flush(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Gone>> {
        Poll::Ready(Ok(()))
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Incoming, Fault>>> {
        let mut wire = lock(&self.0);
        if let Some(incoming) = wire.to_server.pop_front() {
            return Poll::Ready(Some(incoming));
        }
        if wire.client_gone {
            return Poll::Ready(None);
        }
        wire.server = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let mut wire = lock(&self.0);
        wire.server_gone = true;
        wake(&mut wire.client);
    }
}

impl Peer {
    /// Sends a text frame.
    pub fn send(&self, text: impl Into<ByteString>) {
        self.push(Ok(Incoming::Text(text.into())));
    }

    /// Sends anything else, sound or not.
    pub fn push(&self, incoming: Result<Incoming, Fault>) {
        let mut wire = lock(&self.0);
        wire.to_server.push_back(incoming);
        wake(&mut wire.server);
    }

    /// The next thing the server sent, if it is there already.
    pub fn try_next(&self) -> Option<Outgoing> {
        let mut wire = lock(&self.0);
        let frame = wire.to_client.pop_front();
        wake(&mut wire.server);
        frame
    }

    /// The next thing the server sends; none once it let go of the connection.
    pub async fn next(&self) -> Option<Outgoing> {
        std::future::poll_fn(|cx| {
            let mut wire = lock(&self.0);
            if let Some(frame) = wire.to_client.pop_front() {
                wake(&mut wire.server);
                return Poll::Ready(Some(frame));
            }
            wire.client = Some(cx.waker().clone());
            if wire.server_gone { Poll::Ready(None) } else { Poll::Pending }
        })
        .await
    }

    /// Reads until the server closes; the close, if it said one.
    pub async fn closed(&self) -> Option<Close> {
        while let Some(frame) = self.next().await {
            if let Outgoing::Close(close) = frame {
                return close;
            }
        }
        None
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let mut wire = lock(&self.0);
        wire.client_gone = true;
        wake(&mut wire.server);
    }
}
