//! The socket's file: made with its owner and mode before anybody can connect, and never taken from a
//! daemon that lives.

use super::peer::number_of;
use socket2::{Domain, SockAddr, Socket, Type};
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// Connections the kernel keeps until they are accepted.
const BACKLOG: i32 = 32;

/// Why the socket can not be had.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    #[error("{0}: another daemon is already running on this socket")]
    AlreadyRunning(PathBuf),
    #[error("{0}: is there and is no socket, so it is left alone: choose another path with --socket")]
    NotASocket(PathBuf),
    #[error("{0}: the directory is not there: create it (the service has RuntimeDirectory=), or use --socket")]
    NoDirectory(PathBuf),
    #[error("{0}: no permission to make the socket here: run as the service's user, or use --socket")]
    Denied(PathBuf),
    #[error("{0}: the socket can not be made: {1}")]
    Io(PathBuf, io::Error),
}

/// The file of a listening socket; removed when dropped, if it is still the same one.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    inode: u64,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|file| file.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes the socket at `path`: mode 0660, group `visavis` if that exists and may be given.
/// A file that a dead daemon left is replaced; anything else there is an error.
pub fn listen(path: &Path) -> Result<(UnixListener, SocketFile), SocketError> {
    let failed = |error: io::Error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => SocketError::NoDirectory(path.into()),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => SocketError::Denied(path.into()),
        ErrorKind::AddrInUse => SocketError::AlreadyRunning(path.into()),
        _ => SocketError::Io(path.into(), error),
    };
    make_room(path, &failed)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None).map_err(failed)?;
    socket.bind(&SockAddr::unix(path).map_err(failed)?).map_err(failed)?;
    let made = fs::symlink_metadata(path).map_err(failed)?;
    let file = SocketFile { path: path.into(), inode: made.ino() };
    fs::set_permissions(path, fs::Permissions::from_mode(0o660)).map_err(failed)?;
    // In the service it is that group's from the start, and the unit forbids chown.
    if let Some(group) = fs::read_to_string("/etc/group").ok().and_then(|table| number_of(&table, "visavis"))
        && group != made.gid()
        && let Err(error) = chown(path, None, Some(group))
    {
        tracing::warn!("the socket could not be given to the group visavis: {error}");
    }
    socket.listen(BACKLOG).map_err(failed)?;
    Ok((UnixListener::from(socket), file))
}

fn make_room(path: &Path, failed: &dyn Fn(io::Error) -> SocketError) -> Result<(), SocketError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
        Ok(file) if !file.file_type().is_socket() => return Err(SocketError::NotASocket(path.into())),
        Ok(_) => {}
    }
    let probe = Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None).map_err(failed)?;
    match probe.connect(&SockAddr::unix(path).map_err(failed)?) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path).map_err(failed),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(SocketError::Denied(path.into())),
        // A backlog that is full (EAGAIN) is a living daemon's too.
        _ => Err(SocketError::AlreadyRunning(path.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_file_is_replaced_and_a_living_daemon_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let (listener, file) = listen(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o660);
        assert!(matches!(listen(&path), Err(SocketError::AlreadyRunning(_))));
        drop((listener, file));
        assert!(!path.exists());
    }

    #[test]
    fn what_is_no_socket_is_left_alone_and_a_missing_directory_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "precious").unwrap();
        assert!(matches!(listen(&path), Err(SocketError::NotASocket(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
        assert!(matches!(listen(&folder.path().join("no/s")), Err(SocketError::NoDirectory(_))));
    }

    #[test]
    fn a_successors_socket_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let (_listener, file) = listen(&path).unwrap();
        fs::rename(&path, folder.path().join("moved")).unwrap();
        let successor = listen(&path).unwrap();
        drop(file);
        assert!(path.exists());
        drop(successor);
    }
}
