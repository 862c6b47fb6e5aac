//! A client.

use std::fmt;

pub const DEFAULT_TIMEOUT: u64 = 5;
static REGISTRY: usize = 0;

/// Sends requests.
#[derive(Debug)]
pub struct Client<T> {
    base: T,
}

pub enum State {
    Open,
    Closed,
}

pub trait Transport {
    fn send(&self, path: &str) -> String;
}

type Handler = fn(&str);

impl<T> Client<T> {
    /// Makes a client.
    pub fn new(base: T) -> Self {
        Client { base }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "state")
    }
}

macro_rules! retry {
    ($e:expr) => {
        $e
    };
}

mod tests {
    #[test]
    fn adds() {
        assert_eq!(2, 1 + 1);
    }
}
