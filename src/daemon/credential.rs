//! The key that signs addresses: where it is looked for, and whether it is there.

use crate::pusher::target;
use crate::settings::pusher::Signing;
use std::path::{Path, PathBuf};

/// Where systemd looks for `LoadCredential=NAME:visavis.NAME` (systemd.exec(5)), in this order.
const STORES: [&str; 4] = ["/etc/credstore", "/run/credstore", "/usr/lib/credstore", "/etc/credstore.encrypted"];

/// Whether the key `signing` names can be read: a note for people if it is only expected, an error if it is not.
/// `directory` is the service's own (`CREDENTIALS_DIRECTORY`), where this runs inside the service.
pub fn judge(signing: &Signing, directory: Option<&Path>) -> Result<Option<String>, String> {
    let name = &signing.key_file;
    if directory.is_none() && !name.starts_with('/') {
        return Ok(stored(name, &STORES.map(PathBuf::from)));
    }
    target::key_path(signing, directory).and_then(|path| target::read_key(&path)).map(|key| key.warning)
}

/// Outside of the service: whether the service would be given the key.
fn stored(name: &str, stores: &[PathBuf]) -> Option<String> {
    let file = format!("visavis.{name}");
    if stores.iter().any(|store| store.join(&file).exists()) {
        return None;
    }
    Some(format!(
        "pusher.signing.key-file: the service is given {name:?} as a credential, and there is none: put the key into \
         /etc/credstore/{file} (mode 0600)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn signing(key_file: &str) -> Signing {
        Signing { key_file: key_file.into(), valid_for: "12h".into(), stream: None }
    }

    #[test]
    fn a_key_has_to_be_there_and_hold_something_wherever_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("push-key");
        let absolute = signing(key.to_str().unwrap());
        for (signing, directory) in [(&absolute, None), (&signing("push-key"), Some(folder.path()))] {
            let _ = fs::remove_file(&key);
            assert!(judge(signing, directory).unwrap_err().contains("push-key can not be read"));
            fs::write(&key, "").unwrap();
            assert!(judge(signing, directory).unwrap_err().contains("is empty"));
            fs::write(&key, "geheim").unwrap();
            fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
            assert!(judge(signing, directory).unwrap().is_some_and(|words| words.contains("chmod 600")));
            fs::set_permissions(&key, fs::Permissions::from_mode(0o400)).unwrap();
            assert_eq!(judge(signing, directory), Ok(None));
        }
    }

    #[test]
    fn outside_of_the_service_a_missing_credential_is_a_note_that_says_where_it_belongs() {
        let folder = tempfile::tempdir().unwrap();
        let stores = [folder.path().join("none"), folder.path().to_owned()];
        let words = stored("push-key", &stores).unwrap();
        assert!(words.contains("/etc/credstore/visavis.push-key"), "{words}");
        fs::write(folder.path().join("visavis.push-key"), "geheim").unwrap();
        assert_eq!(stored("push-key", &stores), None);
    }
}
