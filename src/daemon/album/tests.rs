//! Real folders, real quotas, real obstacles.

use super::*;
use crate::api::command::ImageFormat;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, UNIX_EPOCH};

fn picture(bytes: usize) -> Picture {
    Picture { format: ImageFormat::Jpeg, width: 2, height: 2, bytes: vec![7; bytes].into(), path: None }
}

fn moment() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_732_963_199)
}

fn album(folder: &Path) -> Album {
    Album::choose(Some(folder), None).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_picture_is_whole_has_its_number_and_can_be_read_by_the_group() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(UNFINISHED), "left by a power cut").unwrap();
    let album = album(folder.path());
    for number in 1..=3 {
        let path = album.keep(picture(1000), moment()).unwrap().path.unwrap();
        assert_eq!(path, folder.path().join(format!("visavis-{number:06}-20241130T103959Z.jpg")));
        let found = fs::metadata(&path).unwrap();
        assert_eq!((found.len(), found.permissions().mode() & 0o777), (1000, 0o640));
    }
    assert_eq!(names(folder.path()).len(), 3);
}

#[test]
fn a_folder_of_its_own_is_made_and_a_configured_one_is_not() {
    let state = tempfile::tempdir().unwrap();
    let own = Album::choose(None, Some(state.path())).unwrap();
    let path = own.keep(picture(10), moment()).unwrap().path.unwrap();
    assert_eq!(path.parent(), Some(state.path().join("snapshots").as_path()));
    assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o750);
    assert!(Album::choose(None, None).is_none());
    let error = album(&state.path().join("elsewhere")).keep(picture(10), moment()).unwrap_err();
    assert_eq!(error.kind, "storage-missing");
}

#[test]
fn the_oldest_of_ours_go_first_and_nobody_elses() {
    let folder = tempfile::tempdir().unwrap();
    let others = [
        "holiday.png",
        "visavis-1-x.png",
        "visavis-000001-20241130T103959Z.txt",
        "visavis-0000aa-20241130T103959Z.png",
    ];
    others.iter().for_each(|name| fs::write(folder.path().join(name), "not ours").unwrap());
    symlink("/etc/passwd", folder.path().join("visavis-000000-20241130T103959Z.png")).unwrap();
    let album = album(folder.path());
    for _ in 0..FILES + 7 {
        // A clock that was set back does not change which one is old.
        album.keep(picture(10), UNIX_EPOCH).unwrap();
    }
    let all = names(folder.path());
    let ours: Vec<u64> = all.iter().filter_map(|name| number(name)).filter(|number| *number > 0).collect();
    assert_eq!(ours, (8..=FILES as u64 + 7).collect::<Vec<_>>());
    assert!(others.iter().all(|other| all.iter().any(|name| name == other)));

    let number = FILES as u64 + 8;
    let name = format!("visavis-{number:06}-20241130T103959Z.png");
    fs::File::create(folder.path().join(&name)).unwrap().set_len(BYTES - 1000).unwrap();
    album.keep(picture(1000), moment()).unwrap();
    let ours: Vec<u64> = names(folder.path()).iter().filter_map(|name| super::number(name)).collect();
    assert_eq!(ours, [0, number, number + 1], "the quota of bytes holds with the new one");
    album.keep(picture(1), moment()).unwrap();
    assert!(!folder.path().join(name).exists());
}

#[test]
fn each_obstacle_has_its_kind_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().join("real");
    fs::create_dir(&real).unwrap();
    let link = folder.path().join("link");
    symlink(&real, &link).unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for (place, kind) in [(&link, "storage-symlink"), (&file, "storage-missing")] {
        let error = album(place).keep(picture(10), moment()).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.words.contains(place.to_str().unwrap()), "{error}");
    }
    assert_eq!(names(&real), [""; 0]);
    // A trap where the unfinished picture would be: replaced, not followed.
    symlink(&file, real.join(UNFINISHED)).unwrap();
    album(&real).keep(picture(10), moment()).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().len(), 0);
    assert_eq!(names(&real).len(), 1);
}
