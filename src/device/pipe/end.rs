//! One end of a pipe: a FIFO, a file, or the standard input or output of a child command.
//!
//! What poll(2) says of a FIFO (Linux, reader opened with O_NONBLOCK): nothing before the first writer has
//! written, no matter how long; POLLIN while there are bytes; POLLHUP once the last writer has gone. So a
//! reader can sleep in poll for ever until somebody writes and needs no re-check. A writer opened with
//! O_NONBLOCK is refused (ENXIO) while nobody reads, and sees POLLERR once the last reader has gone.

use crate::device::held::{self, Announced};
use crate::device::{DeviceError, Fault, Wake, Woken};
use crate::media::Time;
use crate::settings::board::PipeEnd;
use rustix::event::PollFlags;
use rustix::fs::{FileType, Mode, OFlags, fcntl_setfl, fstat, open};
use rustix::io::Errno;
use rustix::pipe::{fcntl_getpipe_size, fcntl_setpipe_size};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// What a process may ask for without privilege (/proc/sys/fs/pipe-max-size as it comes).
const PIPE_MAX: usize = 1 << 20;

/// An open end: never blocks, closed on exec. Dropping it ends its command.
pub struct End {
    fd: OwnedFd,
    child: Option<ChildGroup>,
    kind: FileType,
    name: String,
}

/// A command in a process group of its own, so that what it started ends with it.
struct ChildGroup(Child);

impl Drop for ChildGroup {
    fn drop(&mut self) {
        if let Some(group) = rustix::process::Pid::from_raw(self.0.id() as i32) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.0.wait();
    }
}

impl End {
    /// Opens the end to read from it. A FIFO that nobody writes to yet opens all the same.
    pub fn reader(end: &PipeEnd) -> Result<Self, DeviceError> {
        match end {
            PipeEnd::Path(path) => Self::path(path, OFlags::RDONLY),
            PipeEnd::Command(command) => Self::command(command, true),
        }
    }

    /// Opens the end to write to it. A FIFO that nobody reads is [`Fault::Missing`].
    pub fn writer(end: &PipeEnd) -> Result<Self, DeviceError> {
        match end {
            PipeEnd::Path(path) => Self::path(path, OFlags::WRONLY),
            PipeEnd::Command(command) => Self::command(command, false),
        }
    }

    fn path(path: &Path, direction: OFlags) -> Result<Self, DeviceError> {
        let name = path.display().to_string();
        let flags = direction | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = open(path, flags, Mode::empty()).map_err(|errno| match errno {
            Errno::NOENT => {
                let cure = format_args!("there is no such FIFO; `mkfifo {name}` makes one");
                DeviceError::new(Fault::Missing, &name, cure)
            }
            Errno::NXIO => DeviceError::new(Fault::Missing, &name, "nobody reads this FIFO yet; start its reader"),
            errno => DeviceError::io(&name, "open", &errno.into()),
        })?;
        let kind = fstat(&fd).map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode));
        if kind == FileType::Directory {
            return Err(DeviceError::new(Fault::Unsupported, &name, "this is a directory, not a FIFO or a file"));
        }
        Ok(Self { fd, child: None, kind, name })
    }

    /// The command's standard error goes where the daemon's goes: into the same journal.
    fn command(line: &str, reads: bool) -> Result<Self, DeviceError> {
        let name = format!("`{line}`");
        let (stdin, stdout) = match reads {
            true => (Stdio::null(), Stdio::piped()),
            false => (Stdio::piped(), Stdio::null()),
        };
        let mut child = Command::new("sh")
            .args(["-c", line])
            .process_group(0)
            .stdin(stdin)
            .stdout(stdout)
            .spawn()
            .map(ChildGroup)
            .map_err(|error| DeviceError::io(&name, "start", &error))?;
        let fd = match reads {
            true => child.0.stdout.take().map(OwnedFd::from),
            false => child.0.stdin.take().map(OwnedFd::from),
        };
        let fd = fd.ok_or_else(|| DeviceError::new(Fault::Failed, &name, "the command has no pipe"))?;
        fcntl_setfl(&fd, OFlags::NONBLOCK).map_err(|errno| DeviceError::io(&name, "open", &errno.into()))?;
        Ok(Self { fd, child: Some(child), kind: FileType::Fifo, name })
    }

    /// Tells everybody who asks what is open that a camera or microphone is here.
    pub fn announce(&self) -> Option<Announced> {
        held::announce(&self.fd, &self.name)
    }

    /// Its path or command, for errors.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A regular file: always ready, so its user has to keep the pace.
    pub fn is_file(&self) -> bool {
        self.kind == FileType::RegularFile
    }

    /// A command is at the other end (and therefore somebody is).
    pub fn is_command(&self) -> bool {
        self.child.is_some()
    }

    /// Lets the pipe hold `bytes`, as far as an unprivileged process may. Larger pipes mean fewer wake-ups.
    pub fn enlarge(&self, bytes: usize) {
        let wanted = bytes.min(PIPE_MAX);
        if fcntl_getpipe_size(&self.fd).is_ok_and(|size| size < wanted) {
            // Refused when the user's pipe quota is used up: the pipe works as it is.
            let _ = fcntl_setpipe_size(&self.fd, wanted);
        }
    }

    /// Bytes inside: waiting to be read, or not yet read by the other side. Zero where that is not known.
    pub fn held(&self) -> usize {
        if self.kind != FileType::Fifo {
            return 0;
        }
        rustix::io::ioctl_fionread(&self.fd).map_or(0, |bytes| usize::try_from(bytes).unwrap_or(0))
    }

    /// Throws away whole units of `unit` bytes that wait in a FIFO whose writer outlived its last reader: they are
    /// old. A command begins with its reader, so nothing of it is.
    pub fn discard_old(&mut self, unit: usize) -> Result<(), DeviceError> {
        if self.child.is_some() {
            return Ok(());
        }
        let mut left = self.held() / unit.max(1) * unit;
        let mut scratch = vec![0; left.min(64 << 10)];
        while left > 0 {
            let part = left.min(scratch.len());
            match self.read(&mut scratch[..part])? {
                Some(count) => left -= count,
                None => break,
            }
        }
        Ok(())
    }

    /// Reads what there is, at most `into`; `None` when nothing is there now. The end of the bytes is [`Fault::Gone`].
    pub fn read(&mut self, into: &mut [u8]) -> Result<Option<usize>, DeviceError> {
        loop {
            match rustix::io::read(&self.fd, &mut *into) {
                Ok(0) if !into.is_empty() => return Err(self.ended()),
                Ok(count) => return Ok(Some(count)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(None),
                Err(errno) => return Err(DeviceError::io(&self.name, "read", &errno.into())),
            }
        }
    }

    /// Writes as much of `parts` as fits now; zero when full. A reader that left is [`Fault::Gone`].
    pub fn write(&mut self, parts: &[io::IoSlice<'_>]) -> Result<usize, DeviceError> {
        loop {
            match rustix::io::writev(&self.fd, parts) {
                Ok(count) => return Ok(count),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(0),
                Err(Errno::PIPE) => return Err(self.left()),
                Err(errno) => return Err(DeviceError::io(&self.name, "write", &errno.into())),
            }
        }
    }

    /// Sleeps until the end can be read or written, the bell rings (false) or `deadline` passes (`None`).
    pub fn wait(
        &mut self,
        wake: &Wake,
        events: PollFlags,
        deadline: Option<Time>,
    ) -> Result<Option<bool>, DeviceError> {
        let woken = wake.wait_with(self.fd.as_fd(), events, deadline);
        match woken.map_err(|error| DeviceError::io(&self.name, "wait", &error))? {
            Woken::Rung => Ok(Some(false)),
            Woken::Late => Ok(None),
            Woken::Ready(flags) if flags.contains(PollFlags::IN) => Ok(Some(true)),
            Woken::Ready(_) if events.contains(PollFlags::IN) => Err(self.ended()),
            // A pipe without a reader is writable and failed at once.
            Woken::Ready(flags) if flags.contains(PollFlags::ERR) => Err(self.left()),
            Woken::Ready(_) => Ok(Some(true)),
        }
    }

    fn ended(&mut self) -> DeviceError {
        let status = self.child.as_mut().and_then(|child| child.0.try_wait().ok().flatten());
        let words = match (status, &self.child) {
            (Some(status), _) => format!("the command ended ({status})"),
            (None, Some(_)) => "the command closed its output".into(),
            (None, None) if self.is_file() => "the file is at its end".into(),
            (None, None) => "its writer went away".into(),
        };
        DeviceError::new(Fault::Gone, &self.name, words)
    }

    fn left(&self) -> DeviceError {
        let words = if self.child.is_some() { "the command ended" } else { "its reader went away" };
        DeviceError::new(Fault::Gone, &self.name, words)
    }
}
