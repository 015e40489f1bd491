//! What a session connects to: the URL as it is set, signed afresh at every connect with the key that is there then.

use crate::api::notice::{Cause, End};
use crate::device::wall;
use crate::rtmp::url::RtmpUrl;
use crate::settings::pusher::Signing;
use crate::settings::signing;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// More than any key has.
const KEY_FILE: u64 = 4096;

/// See the module's head.
#[derive(Clone, Debug)]
pub struct Target {
    pub url: String,
    pub signing: Option<Signing>,
}

impl Target {
    /// The address to connect to, and what to tell people about its key. Reads a file: may wait for a disk.
    ///
    /// `Err`: [`Cause::Unsigned`] while it can not be signed, [`Cause::Refused`] for an address of no use.
    pub fn address(&self) -> Result<(RtmpUrl, Option<String>), End> {
        let (mut url, mut warning) = (self.url.clone(), None);
        if let Some(signing) = self.signing.as_ref().filter(|_| signing::signs(&self.url)) {
            let unsigned = |words| End { cause: Cause::Unsigned, words };
            let now = wall::plausible().map_err(|words| unsigned(format!("the address is not signed: {words}")))?;
            let directory = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
            let key = key_path(signing, directory.as_deref()).and_then(|path| read_key(&path));
            let key =
                key.map_err(|words| unsigned(format!("the address is not signed: pusher.signing.key-file: {words}")))?;
            url = signing::mint(&url, signing, &key.text, now);
            warning = key.warning;
        }
        match RtmpUrl::parse(&url) {
            Ok(url) => Ok((url, warning)),
            Err(error) => Err(End { cause: Cause::Refused, words: error.to_string() }),
        }
    }
}

/// Where the key is: a relative name is one in `directory`, the service's own (`CREDENTIALS_DIRECTORY`).
pub fn key_path(signing: &Signing, directory: Option<&Path>) -> Result<PathBuf, String> {
    let name = Path::new(&signing.key_file);
    match directory {
        _ if name.is_absolute() => Ok(name.to_owned()),
        Some(directory) => Ok(directory.join(name)),
        None => Err(format!(
            "{} is relative, and only the service is given credentials: name the whole path",
            name.display()
        )),
    }
}

/// A key that was read. Its `Debug` does not exist, so that it is never shown.
pub struct Key {
    pub text: String,
    /// Words on who else can read it.
    pub warning: Option<String>,
}

/// Reads the key in `path`; the error says what is wrong and never repeats it.
pub fn read_key(path: &Path) -> Result<Key, String> {
    let shown = path.display();
    let failed = |error| format!("{shown} can not be read: {error}");
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.mode() & 0o777;
    let mut text = String::new();
    file.take(KEY_FILE).read_to_string(&mut text).map_err(failed)?;
    let key = signing::key(&text).map_err(|words| format!("{shown} {words}"))?;
    let warning = (mode & 0o077 != 0)
        .then(|| format!("the key in {shown} can be read by others (mode {mode:03o}): chmod 600 {shown}"));
    Ok(Key { text: key.to_owned(), warning })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    const URL: &str = "rtmp://h/live/a?txSecret={txSecret}&txTime={txTime}";

    fn target(key_file: &Path) -> Target {
        let signing = Signing { key_file: key_file.display().to_string(), valid_for: "1h".into(), stream: None };
        Target { url: URL.into(), signing: Some(signing) }
    }

    #[test]
    fn every_connect_is_signed_with_the_key_that_is_there_then() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let target = target(&file);
        let mut seen = Vec::new();
        for key in ["one", "two\n"] {
            fs::write(&file, key).unwrap();
            fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
            let (url, warning) = target.address().unwrap();
            assert_eq!(warning, None);
            let (secret, time) = url.key().strip_prefix("a?txSecret=").unwrap().split_once("&txTime=").unwrap();
            let time = u64::from_str_radix(time, 16).unwrap();
            let now = wall::plausible().unwrap();
            assert!((now + 3590..=now + 3600).contains(&time), "{time} is not an hour from {now}");
            assert_eq!(secret.len(), 32);
            seen.push(secret.to_owned());
        }
        assert_ne!(seen[0], seen[1]);
    }

    #[test]
    fn a_key_that_others_can_read_is_used_with_a_warning_and_one_that_is_none_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        fs::write(&file, "hunter2").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        let words = target(&file).address().unwrap().1.unwrap();
        assert!(words.contains("mode 640") && !words.contains("hunter2"), "{words}");
        fs::write(&file, "hunter2 and more").unwrap();
        let end = target(&file).address().unwrap_err();
        assert!(end.cause == Cause::Unsigned && !end.words.contains("hunter2"), "{end:?}");
        let end = target(&folder.path().join("none")).address().unwrap_err();
        assert!(end.words.contains("key-file") && end.words.contains("can not be read"), "{end:?}");
        assert!(key_path(target(Path::new("push-key")).signing.as_ref().unwrap(), None).is_err());
    }
}
