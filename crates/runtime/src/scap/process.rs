//! An entry of a process list.

use super::bytes::Bytes;

/// The longest name or path.
const PATH: usize = 1024;
/// The longest list of arguments, environment or control groups.
const LIST: usize = 4096;

/// A thread as it was when the capture began. Lists are texts that each end with NUL.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs, clippy::struct_excessive_bools, reason = "the names are those of /proc")]
pub struct Process {
    pub tid: i64,
    pub pid: i64,
    pub ptid: i64,
    pub sid: i64,
    pub vpgid: i64,
    pub pgid: i64,
    pub comm: Vec<u8>,
    pub exe: Vec<u8>,
    pub exepath: Vec<u8>,
    pub args: Vec<u8>,
    pub cwd: Vec<u8>,
    pub fdlimit: i64,
    /// Of `clone`, in Falco's numbers.
    pub flags: u32,
    pub uid: u32,
    pub gid: u32,
    pub vmsize_kb: u32,
    pub vmrss_kb: u32,
    pub vmswap_kb: u32,
    pub pfmajor: u64,
    pub pfminor: u64,
    pub env: Vec<u8>,
    pub vtid: i64,
    pub vpid: i64,
    pub cgroups: Vec<u8>,
    pub root: Vec<u8>,
    pub pidns_init_start: u64,
    pub tty: u32,
    pub loginuid: u32,
    pub exe_writable: bool,
    pub exe_upper_layer: bool,
    pub exe_lower_layer: bool,
    pub exe_from_memfd: bool,
    pub cap_inheritable: u64,
    pub cap_permitted: u64,
    pub cap_effective: u64,
    pub exe_ino: u64,
    pub exe_ino_ctime: u64,
    pub exe_ino_mtime: u64,
}

/// Bytes that the fields behind the texts had before version 0.10 of the library put two before
/// them: `loginuid`, `exe_writable` and three sets of capabilities.
const BEFORE_0_10: usize = 29;

impl Process {
    /// How many bytes its texts have.
    pub(crate) fn texts(&self) -> usize {
        let texts = [&self.comm, &self.exe, &self.exepath, &self.args, &self.cwd, &self.env];
        let others = [&self.cgroups, &self.root];
        texts.into_iter().chain(others).map(Vec::len).sum()
    }

    /// Reads one entry of a list of this version, and says how long it is.
    pub(super) fn read(window: &[u8], version: u8) -> Option<(Self, usize)> {
        let (mut bytes, length) = Bytes::of_entry(window, version >= 9)?;
        let mut process = Self::begin(&mut bytes, version)?;
        let Some(length) = length else {
            return Some((process, window.len() - bytes.0.len()));
        };
        process.rest(&mut bytes);
        Some((process, length))
    }

    fn begin(bytes: &mut Bytes<'_>, version: u8) -> Option<Self> {
        let text = |bytes: &mut Bytes<'_>, most| {
            bytes.text().filter(|text| text.len() <= most).map(<[u8]>::to_vec)
        };
        let mut it = Self {
            tid: bytes.i64()?,
            pid: bytes.i64()?,
            ptid: bytes.i64()?,
            sid: if version >= 6 { bytes.i64()? } else { -1 },
            vpgid: if version >= 8 { bytes.i64()? } else { -1 },
            pgid: -1,
            vtid: -1,
            vpid: -1,
            loginuid: u32::MAX,
            ..Self::default()
        };
        it.comm = text(bytes, PATH)?;
        it.exe = text(bytes, PATH)?;
        if version >= 7 {
            it.exepath = text(bytes, PATH)?;
        }
        it.args = text(bytes, LIST)?;
        it.cwd = text(bytes, PATH)?;
        it.fdlimit = bytes.i64()?;
        it.flags = bytes.u32()?;
        it.uid = bytes.u32()?;
        it.gid = bytes.u32()?;
        if version >= 2 {
            it.vmsize_kb = bytes.u32()?;
            it.vmrss_kb = bytes.u32()?;
            it.vmswap_kb = bytes.u32()?;
            it.pfmajor = bytes.u64()?;
            it.pfminor = bytes.u64()?;
        }
        if version >= 3 {
            it.env = text(bytes, LIST)?;
        }
        if version >= 4 {
            it.vtid = bytes.i64()?;
            it.vpid = bytes.i64()?;
            it.cgroups = text(bytes, LIST)?;
        }
        if version >= 5 {
            it.root = text(bytes, PATH)?;
        }
        Some(it)
    }

    /// Fields that later versions append: those that are not there keep their values.
    fn rest(&mut self, bytes: &mut Bytes<'_>) -> Option<()> {
        if bytes.0.len() > BEFORE_0_10 {
            self.pidns_init_start = bytes.u64()?;
            self.tty = bytes.u32()?;
        }
        self.loginuid = bytes.u32()?;
        self.exe_writable = bytes.u8()? != 0;
        self.cap_inheritable = bytes.u64()?;
        self.cap_permitted = bytes.u64()?;
        self.cap_effective = bytes.u64()?;
        self.exe_upper_layer = bytes.u8()? != 0;
        self.exe_ino = bytes.u64()?;
        self.exe_ino_ctime = bytes.u64()?;
        self.exe_ino_mtime = bytes.u64()?;
        self.exe_from_memfd = bytes.u8()? != 0;
        self.exe_lower_layer = bytes.u8()? != 0;
        self.pgid = bytes.i64()?;
        Some(())
    }

    /// Appends the entry as version 9 has it.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let begin = out.len();
        out.extend_from_slice(&[0; 4]);
        for id in [self.tid, self.pid, self.ptid, self.sid, self.vpgid] {
            out.extend_from_slice(&id.to_le_bytes());
        }
        put_text(out, &self.comm, PATH);
        put_text(out, &self.exe, PATH);
        put_text(out, &self.exepath, PATH);
        put_text(out, &self.args, LIST);
        put_text(out, &self.cwd, PATH);
        out.extend_from_slice(&self.fdlimit.to_le_bytes());
        for number in
            [self.flags, self.uid, self.gid, self.vmsize_kb, self.vmrss_kb, self.vmswap_kb]
        {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&self.pfmajor.to_le_bytes());
        out.extend_from_slice(&self.pfminor.to_le_bytes());
        put_text(out, &self.env, LIST);
        out.extend_from_slice(&self.vtid.to_le_bytes());
        out.extend_from_slice(&self.vpid.to_le_bytes());
        put_text(out, &self.cgroups, LIST);
        put_text(out, &self.root, PATH);
        let newer = self.has_newer_fields();
        if newer {
            out.extend_from_slice(&self.pidns_init_start.to_le_bytes());
            out.extend_from_slice(&self.tty.to_le_bytes());
        }
        out.extend_from_slice(&self.loginuid.to_le_bytes());
        out.push(self.exe_writable.into());
        for set in [self.cap_inheritable, self.cap_permitted, self.cap_effective] {
            out.extend_from_slice(&set.to_le_bytes());
        }
        if newer {
            out.push(self.exe_upper_layer.into());
            for number in [self.exe_ino, self.exe_ino_ctime, self.exe_ino_mtime] {
                out.extend_from_slice(&number.to_le_bytes());
            }
            out.push(self.exe_from_memfd.into());
            out.push(self.exe_lower_layer.into());
            out.extend_from_slice(&self.pgid.to_le_bytes());
        }
        let length = u32::try_from(out.len() - begin).unwrap_or(u32::MAX);
        if let Some(place) = out.get_mut(begin..begin + 4) {
            place.copy_from_slice(&length.to_le_bytes());
        }
    }

    /// Whether it has a field that readers before version 0.10 take for another.
    fn has_newer_fields(&self) -> bool {
        self.pidns_init_start != 0
            || self.tty != 0
            || self.exe_upper_layer
            || self.exe_lower_layer
            || self.exe_from_memfd
            || self.exe_ino != 0
            || self.exe_ino_ctime != 0
            || self.exe_ino_mtime != 0
            || self.pgid != -1
    }
}

/// Appends a text behind its length.
pub(super) fn put_text(out: &mut Vec<u8>, text: &[u8], most: usize) {
    let text = text.get(..most).unwrap_or(text);
    out.extend_from_slice(&u16::try_from(text.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend_from_slice(text);
}
