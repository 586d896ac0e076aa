//! Syncs many new files to disk before they are renamed.
//!
//! A file that is renamed before its content is on disk may be empty after a power cut, so each file needs an
//! fsync, and each fsync waits for the disk. Measured on ext4 with 200 files of 4 KB in 60 directories, on two
//! cores: 55 ms with one fsync after the other, 15 ms with eight at a time, 6 ms with one syncfs for all, 2 ms with
//! none. But a syncfs also waits for what other programs have written: with 1 GB of that in memory it took 580 ms,
//! and eight fsyncs at a time took 20 ms. So many files get one syncfs if little else is waiting; otherwise fsyncs
//! run in parallel.
//!
//! The renames themselves are not synced: a power cut right after a run may undo the last of them, and each file is
//! whole either way.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result};
#[cfg(target_os = "linux")]
use rustix::fs::syncfs;
use rustix::fs::{self as sys, Mode};

use super::disk::gate;
use super::folder::{Folder, READ};

/// With at least this many files, one syncfs is quicker than an fsync for each.
const MANY: usize = 12;

/// Even a slow disk writes this much in less time than the fsyncs would take.
const LITTLE_KIB: u64 = 8 * 1024;

/// More in parallel are not quicker.
const SYNCS_AT_ONCE: usize = 8;

/// Waits until the files are on disk. All are on one file system.
pub(super) fn settle(folder: &Folder, paths: &[String]) -> Result<()> {
    gate().context("cannot sync files to disk")?;
    let places: Vec<_> = paths
        .iter()
        .map(|path| folder.open_place(path))
        .collect::<io::Result<_>>()?;
    let files: Vec<_> = places
        .iter()
        .map(|(above, name)| (&**above, *name))
        .collect();
    let given = folder.path();
    if let Some((above, _)) = files.first()
        && files.len() >= MANY
        && waiting_kib().is_some_and(|waiting| waiting <= LITTLE_KIB)
    {
        return syncfs(above).with_context(|| format!("cannot sync `{}` to disk", given.display()));
    }
    let next = AtomicUsize::new(0);
    let work = || -> Result<()> {
        while let Some((above, name)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            sys::openat(above, *name, READ, Mode::empty())
                .and_then(sys::fsync)
                .with_context(|| {
                    format!("cannot sync `{name}` in `{}` to disk", given.display())
                })?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..SYNCS_AT_ONCE.min(files.len()))
            .map(|_| scope.spawn(work))
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| match thread.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            })
    })
}

/// Other systems have no such call, and no `/proc/meminfo` that would lead to it.
#[cfg(not(target_os = "linux"))]
fn syncfs(above: &std::os::fd::OwnedFd) -> rustix::io::Result<()> {
    sys::fsync(above)
}

/// How much data of all programs the kernel still has to write, in KiB.
fn waiting_kib() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let field = |name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    Some(field("Dirty:")? + field("Writeback:")?)
}
