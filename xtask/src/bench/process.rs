//! CPU and memory of other processes, from /proc.

use std::{collections::HashMap, fs, io, process::Command, time::Duration};

/// Processor time as the kernel counts it: user and system, in its ticks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticks {
    a_second: u64,
}

/// The fields of /proc/PID/stat that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    parent: u32,
    /// Of the process, all its threads.
    own: u64,
    /// Of its children that have ended and were waited for.
    reaped: u64,
}

impl Ticks {
    pub(super) fn new() -> Self {
        let said = Command::new("getconf").arg("CLK_TCK").output().ok();
        let a_second = said.and_then(|said| String::from_utf8(said.stdout).ok()?.trim().parse().ok());
        // What Linux has on every platform we know.
        Self { a_second: a_second.filter(|ticks| *ticks > 0).unwrap_or(100) }
    }

    /// What a process has used so far.
    pub(super) fn used(self, pid: u32) -> io::Result<Duration> {
        stat(pid).map(|stat| self.time(stat.own))
    }

    /// What a process and all below it have used so far, those that ended too.
    pub(super) fn used_by_family(self, pid: u32) -> io::Result<Duration> {
        let family = family(pid)?;
        let ticks = family.iter().filter_map(|pid| stat(*pid).ok()).map(|stat| stat.own + stat.reaped).sum();
        Ok(self.time(ticks))
    }

    fn time(self, ticks: u64) -> Duration {
        Duration::from_micros(ticks * 1_000_000 / self.a_second)
    }
}

/// The most memory a process has had, in KiB.
pub(super) fn peak_kib(pid: u32) -> io::Result<u64> {
    field(&format!("/proc/{pid}/status"), "VmHWM:")
}

/// The memory that a process has now, in KiB.
pub(super) fn now_kib(pid: u32) -> io::Result<u64> {
    field(&format!("/proc/{pid}/status"), "VmRSS:")
}

/// Memory of a process and all below it now, in KiB; what they share is counted once.
pub(super) fn family_kib(pid: u32) -> io::Result<u64> {
    let of = |pid: &u32| field(&format!("/proc/{pid}/smaps_rollup"), "Pss:").unwrap_or(0);
    Ok(family(pid)?.iter().map(of).sum())
}

fn field(path: &str, name: &str) -> io::Result<u64> {
    let text = fs::read_to_string(path)?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.trim().parse().ok());
    value.ok_or_else(|| io::Error::other(format!("{path} has no {name}")))
}

fn stat(pid: u32) -> io::Result<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    parse(&text).ok_or_else(|| io::Error::other(format!("/proc/{pid}/stat cannot be read")))
}

/// See `proc_pid_stat(5)`. The name in brackets may hold spaces and brackets.
fn parse(stat: &str) -> Option<Stat> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Stat {
        parent: u32::try_from(number(4)?).ok()?,
        own: number(14)? + number(15)?,
        reaped: number(16)? + number(17)?,
    })
}

/// The process and all below it.
fn family(pid: u32) -> io::Result<Vec<u32>> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // It may be gone by now.
        let Ok(stat) = stat(pid) else { continue };
        children.entry(stat.parent).or_default().push(pid);
    }
    let mut family = vec![pid];
    let mut at = 0;
    while let Some(pid) = family.get(at) {
        family.extend(children.remove(pid).unwrap_or_default());
        at += 1;
    }
    Ok(family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_whose_name_has_brackets_is_read_right() {
        let stat = "42 (a) b (c) S 7 42 42 0 -1 4194624 2754 7881 0 1 12 34 56 78 20 0 1 0 347366 43704320 1092";
        assert_eq!(parse(stat), Some(Stat { parent: 7, own: 46, reaped: 134 }));
        assert_eq!(parse("42 (a) S 7"), None);
    }

    #[test]
    fn this_process_has_used_memory_and_has_a_family() {
        let pid = std::process::id();
        assert!(peak_kib(pid).unwrap() > 100);
        assert!(now_kib(pid).unwrap() > 100);
        assert!(family_kib(pid).unwrap() > 0);
        assert!(family(pid).unwrap().contains(&pid));
        Ticks::new().used_by_family(pid).unwrap();
    }
}
