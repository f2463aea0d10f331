//! Work on all cores, with results that do not depend on how many there are.

/// How many threads to use: what was asked for, or as many as the machine has.
pub fn count(asked: usize) -> usize {
    if asked > 0 { asked } else { std::thread::available_parallelism().map_or(1, usize::from) }
}

/// Cuts `0..total` into pieces of at most `piece` and works them off on `threads` threads; the results come in the order of the pieces.
pub fn pieces<T: Send>(
    total: usize,
    piece: usize,
    threads: usize,
    work: impl Fn(std::ops::Range<usize>) -> T + Sync,
) -> Vec<T> {
    let piece = piece.max(1);
    let ranges = total.div_ceil(piece);
    let range = |i: usize| i * piece..((i + 1) * piece).min(total);
    if threads <= 1 || ranges <= 1 {
        return (0..ranges).map(|i| work(range(i))).collect();
    }
    let next = std::sync::atomic::AtomicUsize::new(0);
    let mut done: Vec<(usize, T)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.min(ranges))
            .map(|_| {
                scope.spawn(|| {
                    let mut mine = Vec::new();
                    loop {
                        let i = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        if i >= ranges {
                            return mine;
                        }
                        mine.push((i, work(range(i))));
                    }
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| match worker.join() {
                Ok(mine) => mine,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    });
    done.sort_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Works off tasks on `threads` threads, in any order.
pub fn share<I>(tasks: I, threads: usize, work: impl Fn(I::Item) + Sync)
where
    I: Iterator + Send,
    I::Item: Send,
{
    if threads <= 1 {
        return tasks.for_each(work);
    }
    let tasks = std::sync::Mutex::new(tasks);
    // Who panics holds no lock: a task is taken before it is worked off.
    let next = || tasks.lock().ok().and_then(|mut tasks| tasks.next());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| std::iter::from_fn(&next).for_each(&work));
        }
    });
}

/// Does two things, at the same time if there are threads for it.
pub fn both<A: Send, B>(threads: usize, one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B) -> (A, B) {
    if threads <= 1 {
        return (one(), other());
    }
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        (one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), other)
    })
}
