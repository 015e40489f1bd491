//! `board/install`: into the root of an image and out of it again, twice, and never over somebody's settings.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PROGRAM: [&str; 7] = [
    "usr/bin/visavisd",
    "usr/bin/visavisctl",
    "usr/lib/systemd/system/visavisd.service",
    "usr/lib/sysusers.d/visavis.conf",
    "usr/lib/tmpfiles.d/visavis.conf",
    "usr/lib/udev/rules.d/60-visavis.rules",
    "etc/systemd/system/multi-user.target.wants/visavisd.service",
];

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("board/install")
}

fn install(root: &Path, arguments: &[&str]) -> Output {
    let binaries = Path::new(env!("CARGO_BIN_EXE_visavisd")).parent().unwrap();
    let mut command = Command::new(script());
    command.arg("--root").arg(root).arg("--binaries").arg(binaries).args(arguments).env_remove("DESTDIR");
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Whether something is at `path`, be it a link to nowhere.
fn there(root: &Path, path: &str) -> bool {
    fs::symlink_metadata(root.join(path)).is_ok()
}

#[test]
fn it_installs_everything_once_keeps_what_people_wrote_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let output = install(root, &[]);
    assert!(output.status.success(), "{}", said(&output));
    for path in PROGRAM {
        assert!(there(root, path), "{path} is missing: {}", said(&output));
    }
    let mode = |path: &str| fs::metadata(root.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode("usr/bin/visavisd"), mode("etc/visavis/visavis.toml")], [0o755, 0o640]);
    let enabled = fs::read_link(root.join(PROGRAM[6])).unwrap();
    assert_eq!(enabled, Path::new("/usr/lib/systemd/system/visavisd.service"));
    let boards = fs::read_dir(root.join("usr/share/visavis/boards")).unwrap().count();
    assert_eq!(boards, fs::read_dir(script().with_file_name("profiles")).unwrap().count());
    // The settings it brings are right, and say what they do.
    let settings = root.join("etc/visavis/visavis.toml");
    let check = Command::new(env!("CARGO_BIN_EXE_visavisd")).arg("check").arg(&settings).output().unwrap();
    assert!(check.status.success(), "{}", said(&check));

    fs::write(&settings, "# mine\n").unwrap();
    let again = install(root, &["--board", "virtual"]);
    assert!(again.status.success(), "{}", said(&again));
    assert!(said(&again).contains("kept") && !said(&again).contains("installed"), "{}", said(&again));
    assert_eq!(fs::read_to_string(&settings).unwrap(), "# mine\n");
    let dropin = fs::read_to_string(root.join("etc/systemd/system/visavisd.service.d/board.conf")).unwrap();
    assert!(
        dropin.contains("\nExecStart=\nExecStart=/usr/bin/visavisd run --board /usr/share/visavis/boards/virtual.toml")
    );

    let gone = install(root, &["--uninstall"]);
    assert!(gone.status.success(), "{}", said(&gone));
    assert!(PROGRAM.iter().all(|path| !there(root, path)) && !there(root, "usr/share/visavis"), "{}", said(&gone));
    assert_eq!(fs::read_to_string(&settings).unwrap(), "# mine\n");
    let purged = install(root, &["--uninstall", "--purge"]);
    assert!(purged.status.success(), "{}", said(&purged));
    assert!(!there(root, "etc/visavis") && !there(root, "etc/systemd/system/visavisd.service.d"), "{}", said(&purged));
}

#[test]
fn what_it_can_not_do_it_says_before_it_changes_anything() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let empty = tempfile::tempdir().unwrap();
    let mut command = Command::new(script());
    let output = command.arg("--root").arg(root).arg("--binaries").arg(empty.path()).output().unwrap();
    assert!(!output.status.success() && said(&output).contains("build it"), "{}", said(&output));
    let output = install(root, &["--board", "toaster"]);
    assert!(!output.status.success() && said(&output).contains("virtual.toml"), "{}", said(&output));
    let output = install(&root.join("none"), &[]);
    assert!(!output.status.success() && said(&output).contains("no folder"), "{}", said(&output));
    assert_eq!(fs::read_dir(root).unwrap().count(), 0);
    assert_eq!(Command::new(script()).arg("--dance").output().unwrap().status.code(), Some(2));
}

#[test]
fn the_running_system_is_changed_by_root_alone() {
    let mut command = Command::new("setpriv");
    if rustix::process::geteuid().is_root() {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    }
    // Where nobody may look, the shell can not even open it: give it the script on standard input.
    let text = fs::File::open(script()).unwrap();
    let output = command.args(["sh", "-s"]).current_dir("/").env_remove("DESTDIR").stdin(text).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("as root"), "{}", said(&output));
}
