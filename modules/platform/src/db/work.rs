//! How a body is named in a bound: an async closure over a connection, whose future may move between threads.

/// `AsyncFnOnce(C) -> R` whose future is `Send`: the stable way to say so.
pub trait Work<C, R>: AsyncFnOnce(C) -> R + FnOnce(C) -> <Self as Work<C, R>>::Fut {
    /// The body's future.
    type Fut: Future<Output = R>;
}

impl<F, C, Fut, R> Work<C, R> for F
where
    F: AsyncFnOnce(C) -> R + FnOnce(C) -> Fut,
    Fut: Future<Output = R>,
{
    type Fut = Fut;
}
