//! The disks of all machines, see `disk.c`: what is not synced may be gone when the power goes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names the folder of all disks to `disk.c`.
pub(crate) const VARIABLE: &str = "XUNCHA_DISK";

/// Compiles `disk.c` into `folder` and gives the path of the library.
pub(crate) fn build(folder: &Path) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    let (source, library) = (folder.join("disk.c"), folder.join("disk.so"));
    write(&source, include_bytes!("disk.c"));
    let done = Command::new("cc")
        .args(["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status()
        .unwrap();
    assert!(done.success(), "the C compiler does not take disk.c");
    library
}

/// Where there is room in memory for the disks; a folder of the system's for such things otherwise.
pub(crate) fn room() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

/// The disks of this process.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    root: PathBuf,
}

/// What goes wrong with a disk.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Plan {
    /// The machine dies at the `at`th change; `tear` percent of that write get through.
    Kill { at: u64, tear: u64 },
    /// From the `at`th change on, `count` changes find it full.
    Full { at: u64, count: u64 },
    /// From the `at`th read on, `count` reads fail.
    Bad { at: u64, count: u64 },
}

/// What a machine's disk has met.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Met {
    pub(crate) full: u64,
    pub(crate) bad: u64,
}

impl Disk {
    /// The disks that this process was started with.
    pub(crate) fn of_this_process() -> Disk {
        let root = std::env::var_os(VARIABLE).expect("started without its disks");
        let disk = Disk { root: root.into() };
        fs::create_dir_all(disk.root.join(".trash")).unwrap();
        disk
    }

    /// Folder of a machine.
    pub(crate) fn folder(&self, machine: &str) -> PathBuf {
        self.root.join(machine)
    }

    fn ask(&self, words: &str) -> String {
        let reply = fs::read_link(self.root.join(".disk").join(words));
        reply.unwrap().into_os_string().into_string().unwrap()
    }

    /// Plans what goes wrong next.
    pub(crate) fn plan(&self, machine: &str, plan: Plan) {
        self.ask(&match plan {
            Plan::Kill { at, tear } => format!("kill/{machine}/{at}/{tear}"),
            Plan::Full { at, count } => format!("full/{machine}/{at}/{count}"),
            Plan::Bad { at, count } => format!("bad/{machine}/{at}/{count}"),
        });
    }

    /// Takes back what was planned.
    pub(crate) fn calm(&self, machine: &str) {
        self.ask(&format!("calm/{machine}"));
    }

    /// True when the machine died.
    pub(crate) fn is_dead(&self, machine: &str) -> bool {
        self.ask(&format!("dead/{machine}")) == "1"
    }

    /// Starts a dead machine; everything that was written is there.
    pub(crate) fn revive(&self, machine: &str) {
        self.ask(&format!("revive/{machine}"));
    }

    /// Its power went; everything that was not synced may be gone.
    pub(crate) fn lose_power(&self, machine: &str, seed: u64) {
        self.ask(&format!("power/{machine}/{seed}"));
        // What several processes had mapped lives in memory alone.
        for file in walk(&self.folder(machine)) {
            if file.extension().is_some_and(|end| end.to_string_lossy().ends_with("-shm")) {
                fs::remove_file(file).unwrap();
            }
        }
    }

    /// Whatever was written so far is safe.
    pub(crate) fn settle(&self, machine: &str) {
        self.ask(&format!("settle/{machine}"));
    }

    /// What a machine's disk has met so far.
    pub(crate) fn met(&self, machine: &str) -> Met {
        let told = self.ask(&format!("met/{machine}"));
        let numbers: Vec<u64> = told.split(' ').map(|number| number.parse().unwrap()).collect();
        Met { full: numbers[1], bad: numbers[2] }
    }

    /// Number of changes so far.
    pub(crate) fn changes(&self, machine: &str) -> u64 {
        self.ask(&format!("changes/{machine}")).parse().unwrap()
    }

    /// Removes everything of a machine.
    pub(crate) fn wipe(&self, machine: &str) {
        self.revive(machine);
        let folder = self.folder(machine);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        self.settle(machine);
        fs::create_dir_all(folder).unwrap();
    }
}

/// Copies a folder with everything in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (entry, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if entry.is_dir() {
            copy_folder(&entry, &to.join(name));
        } else {
            write(&to.join(name), &fs::read(&entry).unwrap());
        }
    }
}

/// Every file below a folder, in order.
pub(crate) fn walk(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found.into_iter().flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

/// Writes a file. What it must survive is for the caller to say, by [`Disk::settle`].
#[expect(clippy::disallowed_methods, reason = "the simulation's own files, and what it spoils")]
pub(crate) fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}
