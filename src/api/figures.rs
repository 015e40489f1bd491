//! Figures that lie over the local screen where `debug` asks for them.

/// What is told of one way, up or down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The player in whose rectangle they lie; `None`: the way up.
    pub player: Option<usize>,
    /// Whose figures they are, and how it is.
    pub title: String,
    /// The server, without secrets.
    pub server: String,
    /// By their names in the event `netstatus`, in the order in which they are read.
    pub net: Vec<Figure>,
    /// What each stage of the way delays a picture by, in ms.
    pub latency: Vec<Figure>,
    /// What happened last, the newest first.
    pub events: Vec<Recent>,
}

/// A number with its name and unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    pub name: &'static str,
    pub value: String,
    /// Empty where the name says it.
    pub unit: &'static str,
}

/// An event, and how long ago it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recent {
    pub age: String,
    pub code: i32,
    pub name: &'static str,
}
