//! One connection to a server through its whole life: asked for, lost, tried again, given up. The way up and
//! the way down differ only in their codes.

use crate::api::code::Code;
use crate::api::notice::{Cause, End};
use crate::api::status::SessionState;
use crate::media::{Span, Time};
use crate::retry::{Ending, Retry, Verdict};
use crate::settings::pusher::OnGiveUp;
use serde_json::{Value, json};

/// A session counts as good only after this long: some servers say yes and then close.
const GOOD_AFTER: Span = Span::secs(2);

/// The codes of one direction.
#[derive(Debug)]
pub struct Codes {
    pub connected: &'static Code,
    pub reconnect: &'static Code,
    pub disconnect: &'static Code,
    pub dns: &'static Code,
    pub connect: &'static Code,
    pub handshake: &'static Code,
    /// Refused or closed by the server; the way down has no code of its own for it.
    pub server: Option<&'static Code>,
    pub broken: Option<&'static Code>,
}

/// What the owner has to do, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Connect { session: u64 },
    Disconnect { session: u64 },
    Happened(&'static Code, Value),
}

/// See the module's head.
#[derive(Debug)]
pub struct Session {
    codes: &'static Codes,
    id: u64,
    state: SessionState,
    since: Time,
    retry: Retry,
    due: Option<Time>,
    good_at: Option<Time>,
    /// It has lived for so long.
    good: bool,
    /// Its server sent what it had kept, and its sender nothing.
    silent: bool,
    /// The workers hold a connection, or are making one.
    open: bool,
    /// The last cause that was told, so that knocking is not told each time.
    told: Option<Cause>,
    last_end: String,
    reconnects: u64,
    /// The connection being made is one that was lost.
    again: bool,
    steps: Vec<Step>,
}

impl Session {
    /// Not asked to run. `seed` varies the retry delays.
    pub fn new(codes: &'static Codes, seed: u64, now: Time) -> Self {
        Self {
            codes,
            id: 0,
            state: SessionState::Stopped,
            since: now,
            retry: Retry::new(seed),
            due: None,
            good_at: None,
            good: false,
            silent: false,
            open: false,
            told: None,
            last_end: String::new(),
            reconnects: 0,
            again: false,
            steps: Vec::new(),
        }
    }

    /// Takes what there is to do.
    pub fn take_steps(&mut self) -> Vec<Step> {
        std::mem::take(&mut self.steps)
    }

    /// Asked to run (whether or not it is connected just now).
    pub fn wanted(&self) -> bool {
        !matches!(self.state, SessionState::Stopped | SessionState::GaveUp)
    }

    /// A connection exists or is being made or taken down.
    pub fn open(&self) -> bool {
        self.open
    }

    pub fn state(&self) -> SessionState {
        self.state
    }

    /// Since when it has been in its state.
    pub fn since(&self) -> Time {
        self.since
    }

    /// What ended the last connection, for people.
    pub fn last_end(&self) -> &str {
        &self.last_end
    }

    /// How many times a lost connection was there again without being asked for.
    pub fn reconnects(&self) -> u64 {
        self.reconnects
    }

    /// How long the connection may be silent, once something came, before it is taken for lost.
    pub fn patience(&self) -> Span {
        self.retry.patience()
    }

    /// When [`Session::tick`] has something to do.
    pub fn deadline(&self) -> Option<Time> {
        self.due.into_iter().chain(self.good_at).min()
    }

    /// Whether news of session `session` count: it is the current one, and of one that was told to leave only its end.
    pub fn is_current(&self, session: u64, ended: bool) -> bool {
        self.open && session == self.id && (ended || self.wanted())
    }

    /// Starts unless it runs already.
    pub fn start(&mut self, now: Time) {
        if !self.wanted() {
            self.retry.established();
            self.last_end.clear();
            self.told = None;
            self.again = false;
            self.connect(now);
        }
    }

    /// Ends it; the workers' last word about it is not waited for.
    pub fn stop(&mut self, now: Time) {
        if self.open {
            self.steps.push(Step::Disconnect { session: self.id });
        }
        (self.due, self.good_at) = (None, None);
        self.set(SessionState::Stopped, now);
    }

    /// Leaves and comes back at once: the address changed.
    pub fn restart(&mut self, now: Time) {
        if self.wanted() {
            self.stop(now);
            self.retry.established();
            self.again = false;
            self.connect(now);
        }
    }

    /// A network link came up: a pending try need not wait.
    pub fn hurry(&mut self, now: Time) {
        if let Some(due) = &mut self.due {
            *due = (*due).min(now);
        }
    }

    /// The server accepted us.
    pub fn connected(&mut self) {
        self.told = None;
        self.reconnects += u64::from(std::mem::take(&mut self.again));
        self.steps.push(Step::Happened(self.codes.connected, json!({})));
    }

    /// Another connection took over by itself after so long a silence.
    pub fn switched(&mut self, silence: Span) {
        self.reconnects += 1;
        let reason = format!("nothing came for {} ms, another connection took over", silence.as_millis());
        self.last_end.clone_from(&reason);
        let detail = json!({ "attempt": 1, "in-ms": 0, "reason": reason });
        self.steps.push(Step::Happened(self.codes.reconnect, detail));
    }

    /// Media flows.
    pub fn established(&mut self, now: Time) {
        self.set(SessionState::Live, now);
        self.good_at = Some(now + GOOD_AFTER);
    }

    /// What flowed in it was the past alone: it does not count as good.
    pub fn nothing_live(&mut self) {
        self.silent = true;
    }

    /// Has the workers leave it although its server holds it, if media flow in it; its number, to be told as ended.
    pub fn abandon(&mut self) -> Option<u64> {
        let session = (self.open && self.state == SessionState::Live).then_some(self.id)?;
        self.steps.push(Step::Disconnect { session });
        Some(session)
    }

    /// The connection is over. `on_give_up` decides what follows the third failure.
    pub fn ended(&mut self, end: &End, on_give_up: OnGiveUp, now: Time) {
        self.open = false;
        let early = self.good_at.take().is_some();
        let (good, silent) = (std::mem::take(&mut self.good), std::mem::take(&mut self.silent));
        if !self.wanted() {
            return;
        }
        if good && !silent {
            self.retry.established();
        }
        self.last_end.clone_from(&end.words);
        let code = match end.cause {
            Cause::Ours => None,
            Cause::Dns => Some(self.codes.dns),
            Cause::Connect | Cause::Unsigned => Some(self.codes.connect),
            Cause::Handshake => Some(self.codes.handshake),
            Cause::Refused | Cause::Absent | Cause::Closed => self.codes.server,
            Cause::Broken | Cause::Moved => self.codes.broken,
        };
        let ending = match end.cause {
            Cause::Connect => Ending::NoConnection,
            Cause::Refused => Ending::Refused,
            Cause::Absent => Ending::Absent,
            // It said yes and closed: a no of servers that decide late.
            Cause::Closed if early => Ending::Refused,
            Cause::Moved => Ending::Moved,
            _ if good && silent => Ending::Silent,
            _ => Ending::Lost,
        };
        let verdict = self.retry.ended(ending, now);
        if let Some(code) = code.filter(|_| self.told != Some(end.cause)) {
            self.steps.push(Step::Happened(code, json!({ "reason": end.words })));
        }
        self.told = Some(end.cause);
        match verdict {
            Verdict::Knock { at } => self.due = Some(at),
            Verdict::Wait { again } => {
                self.told = None;
                self.due = Some(again);
                self.set(SessionState::Waiting, now);
            }
            Verdict::Try { at, attempt } => {
                self.told = None;
                self.due = Some(at);
                self.set(SessionState::Reconnecting, now);
                let detail = json!({ "attempt": attempt, "in-ms": (at - now).as_millis(), "reason": end.words });
                self.steps.push(Step::Happened(self.codes.reconnect, detail));
            }
            Verdict::GiveUp { again } => {
                self.told = None;
                let stop = on_give_up == OnGiveUp::Stop;
                let wait = (!stop).then(|| (again - now).as_millis());
                self.due = (!stop).then_some(again);
                self.set(if stop { SessionState::GaveUp } else { SessionState::Waiting }, now);
                let detail = json!({ "again-in-ms": wait, "reason": end.words });
                self.steps.push(Step::Happened(self.codes.disconnect, detail));
            }
        }
    }

    /// Time passed.
    pub fn tick(&mut self, now: Time) {
        if self.good_at.is_some_and(|at| at <= now) {
            (self.good_at, self.good) = (None, true);
        }
        if self.due.is_some_and(|at| at <= now) {
            self.again = true;
            self.connect(now);
        }
    }

    fn connect(&mut self, now: Time) {
        self.due = None;
        self.id += 1;
        (self.open, self.good, self.silent) = (true, false, false);
        if self.state != SessionState::Reconnecting {
            self.set(SessionState::Connecting, now);
        }
        self.steps.push(Step::Connect { session: self.id });
    }

    fn set(&mut self, state: SessionState, now: Time) {
        if self.state != state {
            (self.state, self.since) = (state, now);
        }
    }
}
