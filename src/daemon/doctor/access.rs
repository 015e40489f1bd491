//! Device nodes: who has them, whether they can be opened here, and whether the service's user could.

use super::{Report, entries};
use std::fs::{self, Metadata, OpenOptions};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The user the service runs as (sysusers.d).
const USER: &str = "visavis";

/// `root` is where the system begins.
pub fn tell(report: &mut Report, root: &Path) {
    report.head("Device nodes");
    let dev = root.join("dev");
    let mut opened = nodes(&dev, "video");
    opened.extend(nodes(&dev.join("snd"), "controlC"));
    opened.extend(nodes(&dev.join("dri"), "card"));
    opened.extend(nodes(&dev, "gpiochip"));
    let table = |name: &str| fs::read_to_string(root.join("etc").join(name)).unwrap_or_default();
    let (users, groups) = (table("passwd"), table("group"));
    let service = User::find(USER, &users, &groups);
    for node in &opened {
        if let Err(words) = openable(node, &groups) {
            report.wrong(&format!("{}: {words}", node.display()));
        } else if let (Some(user), Ok(file)) = (&service, fs::metadata(node))
            && !user.may_use(&file)
        {
            let cure = denied_words(group_name(&groups, file.gid()).as_deref());
            report.wrong(&format!("{}: the service's user {USER} has {cure}", node.display()));
        }
    }
    let playing = entries(&dev.join("snd")).into_iter().filter(|path| path.to_string_lossy().contains("/pcmC"));
    for node in opened.iter().cloned().chain(playing) {
        let holders = holders(&root.join("proc"), &node);
        if !holders.is_empty() {
            report.more(&format!("{}: held by {}", node.display(), holders.join(", ")));
        }
    }
    match opened.len() {
        0 => report.none("no camera, sound, screen or GPIO node in /dev; a container is given them with --device"),
        count => report.more(&format!("{count} nodes looked at")),
    }
}

/// The programs that have `node` open, by name and process number, as far as this user may see; without this one.
pub fn holders(proc: &Path, node: &Path) -> Vec<String> {
    let own = std::process::id();
    let processes = entries(proc).into_iter().filter_map(|process| {
        let number: u32 = process.file_name()?.to_str()?.parse().ok()?;
        (number != own).then_some((number, process))
    });
    let mut found: Vec<(u32, PathBuf)> = processes
        .filter(|(_, process)| {
            let links = entries(&process.join("fd"));
            links.iter().any(|link| fs::read_link(link).is_ok_and(|target| target == node))
        })
        .collect();
    found.sort();
    let name = |process: &Path| super::line_of(&process.join("comm")).unwrap_or_else(|| "a program".into());
    found.iter().map(|(number, process)| format!("{} (process {number})", name(process))).collect()
}

/// Whether a device node can be opened; if not, which of the two reasons it has and what helps.
fn openable(node: &Path, groups: &str) -> Result<(), String> {
    let flags = libc::O_NONBLOCK | libc::O_CLOEXEC | libc::O_NOCTTY;
    let Err(error) = OpenOptions::new().read(true).write(true).custom_flags(flags).open(node) else { return Ok(()) };
    Err(match error.raw_os_error() {
        Some(libc::EACCES) => {
            let group = fs::metadata(node).ok().and_then(|file| group_name(groups, file.gid()));
            denied_words(group.as_deref())
        }
        Some(libc::EPERM) => {
            "not allowed although the file would permit it: the service (DeviceAllow=, resolved when it \
                              starts: restart it) or container (--device) does not pass it on"
                .into()
        }
        Some(libc::EBUSY) => "in use by another program".into(),
        Some(libc::ENXIO | libc::ENODEV) => "the node is there, the device behind it is not".into(),
        _ => error.to_string(),
    })
}

fn denied_words(group: Option<&str>) -> String {
    match group {
        Some("root") | None => "no permission: it belongs to root alone; a udev rule gives it a group".into(),
        Some(group) => format!("no permission: usermod -aG {group} USER for the service's user, then start it anew"),
    }
}

fn group_name(table: &str, number: u32) -> Option<String> {
    let mut lines = table.lines().map(|line| line.split(':').collect::<Vec<_>>());
    lines.find(|fields| fields.get(2).is_some_and(|it| it.parse() == Ok(number)))?.first().map(ToString::to_string)
}

/// A user with the groups it belongs to.
#[derive(Debug, PartialEq, Eq)]
struct User {
    number: u32,
    groups: Vec<u32>,
}

impl User {
    /// From the texts of passwd(5) and group(5); `None` when there is no such user.
    fn find(name: &str, users: &str, groups: &str) -> Option<Self> {
        let fields = |line: &str| line.split(':').map(str::to_owned).collect::<Vec<_>>();
        let own = users.lines().map(fields).find(|user| user.first().is_some_and(|it| it == name))?;
        let number = own.get(2)?.parse().ok()?;
        let mut member = vec![own.get(3)?.parse().ok()?];
        for group in groups.lines().map(fields) {
            let (Some(id), Some(members)) = (group.get(2).and_then(|id| id.parse().ok()), group.get(3)) else {
                continue;
            };
            if members.split(',').any(|it| it == name) {
                member.push(id);
            }
        }
        Some(Self { number, groups: member })
    }

    /// Whether the file's mode lets it read and write.
    fn may_use(&self, file: &Metadata) -> bool {
        let bits = if file.uid() == self.number {
            file.mode() >> 6
        } else if self.groups.contains(&file.gid()) {
            file.mode() >> 3
        } else {
            file.mode()
        };
        bits & 0o6 == 0o6
    }
}

/// The device nodes in `folder` whose names are `start` and a number, in order of number.
fn nodes(folder: &Path, start: &str) -> Vec<PathBuf> {
    let number = |path: &PathBuf| -> Option<u32> {
        let device = fs::metadata(path).ok()?.file_type();
        let digits = path.file_name()?.to_str()?.strip_prefix(start)?;
        device.is_char_device().then(|| digits.parse().ok())?
    };
    let mut found: Vec<(u32, PathBuf)> =
        entries(folder).into_iter().filter_map(|path| Some((number(&path)?, path))).collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::super::put;
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_denied_node_names_the_group_that_may() {
        let table = "root:x:0:\nvideo:x:44:kiosk\n";
        assert!(denied_words(group_name(table, 44).as_deref()).contains("usermod -aG video"));
        assert!(denied_words(group_name(table, 0).as_deref()).contains("udev rule"));
        assert_eq!(group_name(table, 7), None);
        assert_eq!(openable(Path::new("/dev/null"), table), Ok(()));
    }

    #[test]
    fn the_services_user_is_judged_by_its_groups() {
        let users = "root:x:0:0::/:/bin/sh\nvisavis:x:990:991::/:/bin/false\n";
        let groups = "video:x:44:kiosk,visavis\naudio:x:29:\n";
        let user = User::find("visavis", users, groups).unwrap();
        assert_eq!(user, User { number: 990, groups: vec![991, 44] });
        assert_eq!(User::find("ghost", users, groups), None);
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "node", "");
        let node = folder.path().join("node");
        let owner = fs::metadata(&node).unwrap();
        let member = User { number: 990, groups: vec![owner.gid()] };
        let may = |user: &User, mode| {
            fs::set_permissions(&node, fs::Permissions::from_mode(mode)).unwrap();
            user.may_use(&fs::metadata(&node).unwrap())
        };
        let stranger = User { number: 990, groups: vec![owner.gid() + 1] };
        assert!(may(&member, 0o660) && !may(&member, 0o600) && !may(&member, 0o640));
        assert!(!may(&stranger, 0o660) && may(&stranger, 0o666));
    }

    #[test]
    fn who_holds_a_node_is_told_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let proc = folder.path();
        for (number, name, target) in
            [("41", "cheese", "/dev/video0"), ("7", "sh", "/dev/null"), ("x", "no", "/dev/video0")]
        {
            put(proc, &format!("{number}/comm"), &format!("{name}\n"));
            fs::create_dir(proc.join(number).join("fd")).unwrap();
            symlink(target, proc.join(number).join("fd/3")).unwrap();
        }
        assert_eq!(holders(proc, Path::new("/dev/video0")), ["cheese (process 41)"]);
        assert!(holders(proc, Path::new("/dev/video1")).is_empty());
    }
}
