//! Work that is nobody's attack: what machines and containers do every day. None of Plimsoll's own rules may
//! hold for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use self::How::{Build, Exec, Run, Service};

/// How the work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// By a container of its own: `docker run IMAGE sh -c SCRIPT`.
    Run,
    /// In a container that runs already: `docker exec CONTAINER sh -c SCRIPT`.
    Exec,
    /// By a container whose first program is a server, which the script behind the bar asks.
    Service,
    /// By a build: the lines of a Dockerfile.
    Build,
}

/// What is done.
pub(crate) struct Work {
    pub(crate) name: &'static str,
    pub(crate) how: How,
    pub(crate) script: &'static str,
}

const fn work(name: &'static str, how: How, script: &'static str) -> Work {
    Work { name, how, script }
}

/// Packages that the image has beside the base of Debian.
const PACKAGES: &str = "ca-certificates,nginx-light,postgresql,redis-server,cron,openssh-server,logrotate,\
                        man-db,git,rsync,python3,python3-pip,python3-venv,gcc,libc6-dev,make,curl,wget,systemd,\
                        iproute2,procps,apache2-utils,openssh-client,sudo,less,netcat-openbsd";

pub(crate) static WORKS: &[Work] = &[
    work("apt-get update and install", Run, "apt-get update && apt-get install -y hello && hello"),
    work(
        "dpkg",
        Run,
        "cd /tmp && apt-get update && apt-get download sl && dpkg -i sl_*.deb; dpkg -l | tail -1; dpkg -r sl",
    ),
    work(
        "package with users and services",
        Run,
        "apt-get update && apt-get install -y --no-install-recommends chrony at",
    ),
    work(
        "packages asked about",
        Exec,
        "dpkg -l >/dev/null; dpkg -S /bin/ls; apt-cache policy bash; apt list --installed >/dev/null",
    ),
    work(
        "pip install into an environment",
        Run,
        "mkdir -p /tmp/p/app && cd /tmp/p && echo 'def main(): print(1)' > app/__init__.py && \
         printf 'from setuptools import setup\\nsetup(name=\"app\",version=\"1\",packages=[\"app\"],entry_points={\"console_scripts\":[\"app=app:main\"]})\\n' > setup.py && \
         python3 -m venv --system-site-packages /opt/v && /opt/v/bin/pip install --no-index --no-build-isolation . && /opt/v/bin/app",
    ),
    work(
        "pip install for all",
        Run,
        "mkdir -p /tmp/p/app && cd /tmp/p && echo 'def main(): print(1)' > app/__init__.py && \
         printf 'from setuptools import setup\\nsetup(name=\"app\",version=\"1\",packages=[\"app\"],entry_points={\"console_scripts\":[\"app=app:main\"]})\\n' > setup.py && \
         pip install --break-system-packages --no-index --no-build-isolation . && app",
    ),
    work(
        "nginx that serves, and its health check",
        Service,
        "nginx -g 'daemon off;' | for i in 1 2 3; do curl -sf http://127.0.0.1/ >/dev/null; done; nginx -t; nginx -s reload; ab -n 500 -c 5 http://127.0.0.1/ >/dev/null; nginx -s reopen",
    ),
    work(
        "start script that writes its settings",
        Service,
        "sh -c 'sed -i s/768/512/ /etc/nginx/nginx.conf; echo \"server { listen 81; }\" > /etc/nginx/conf.d/a.conf; chown -R www-data /var/log/nginx; exec nginx -g \"daemon off;\"' | curl -sf http://127.0.0.1:81/ >/dev/null; curl -sf http://127.0.0.1/ > /dev/null",
    ),
    work(
        "postgres: initdb, queries, a dump",
        Run,
        "export PATH=$PATH:/usr/lib/postgresql/15/bin; mkdir /data && chown postgres /data && cd / && \
         su postgres -c 'initdb -D /data >/dev/null && pg_ctl -D /data -l /data/log -w start && psql -c \"create table t as select generate_series(1,1000)\" && psql -c \"select count(*) from t\" && pg_dump postgres > /tmp/dump.sql && pg_ctl -D /data -w stop'",
    ),
    work(
        "postgres as a service",
        Service,
        "su postgres -c 'export PATH=$PATH:/usr/lib/postgresql/15/bin; cd /tmp; initdb -D /tmp/data >/dev/null; exec postgres -D /tmp/data' | until pg_isready -q; do sleep 0.5; done; su postgres -c 'psql -h /var/run/postgresql -c \"select 1\"'; pg_isready",
    ),
    work(
        "redis and its client",
        Service,
        "redis-server --save '' | redis-cli set a 1; redis-cli get a; redis-benchmark -n 1000 -q >/dev/null; redis-cli bgsave",
    ),
    work("cron with a job of the image", Service, "cron -f | sleep 62; ls /tmp"),
    work(
        "sshd, a login by key",
        Run,
        "mkdir -p /run/sshd && ssh-keygen -q -t ed25519 -N '' -f /tmp/key && mkdir -p /root/.ssh && cp /tmp/key.pub /root/.ssh/authorized_keys && chmod 600 /root/.ssh/authorized_keys && \
         /usr/sbin/sshd -p 2222 -o ListenAddress=127.0.0.1 && sleep 0.5 && ssh -i /tmp/key -p 2222 -o StrictHostKeyChecking=no root@127.0.0.1 'id; ls /' && scp -q -i /tmp/key -P 2222 -o StrictHostKeyChecking=no root@127.0.0.1:/etc/hostname /tmp/h",
    ),
    work("logrotate", Exec, "echo x >> /var/log/dpkg.log; logrotate -f /etc/logrotate.conf"),
    work("man-db", Exec, "mandb -q; man -P cat ls | head -1"),
    work(
        "git: clone, commit, push",
        Exec,
        "cd /tmp && git init -q --bare origin && git clone -q origin work && cd work && git config user.email a@b && git config user.name a && echo x > f && git add f && git commit -qm x && git push -q && git log --oneline",
    ),
    work(
        "make and gcc",
        Exec,
        "mkdir -p /tmp/b && cd /tmp/b && echo 'int main(){return 0;}' > a.c && printf 'a: a.c\\n\\tgcc -o a a.c\\ntest: a\\n\\t./a\\n' > Makefile && make -s test",
    ),
    work(
        "make install",
        Exec,
        "mkdir -p /tmp/b && cd /tmp/b && cp /bin/true a && printf 'install:\\n\\tinstall a /usr/local/bin/a2\\n' > M && make -s -f M install",
    ),
    work(
        "python http server, and an app that asks it",
        Exec,
        "cd /usr/share/doc && (timeout 3 python3 -m http.server 8123 --bind 127.0.0.1 >/dev/null 2>&1 &) ; sleep 1; curl -sf http://127.0.0.1:8123/ >/dev/null; python3 -c 'import urllib.request as u; print(len(u.urlopen(\"http://127.0.0.1:8123/\").read()))'",
    ),
    work(
        "wget to a file",
        Exec,
        "cd /usr/share/doc && (timeout 3 python3 -m http.server 8124 --bind 127.0.0.1 >/dev/null 2>&1 &) ; sleep 1; mkdir -p /srv/d && cd /srv/d && wget -q http://127.0.0.1:8124/ -O index.html; curl -s -o page.html http://127.0.0.1:8124/",
    ),
    work(
        "tar and gzip",
        Exec,
        "tar -czf /tmp/doc.tgz /usr/share/doc && mkdir -p /tmp/x && tar -xzf /tmp/doc.tgz -C /tmp/x && gzip -t /tmp/doc.tgz",
    ),
    work(
        "rsync",
        Exec,
        "rsync -a /usr/share/doc/ /tmp/mirror/ && rsync -a --delete /usr/share/doc/ /tmp/mirror/",
    ),
    work(
        "systemd-tmpfiles and systemd-sysusers",
        Exec,
        "systemd-tmpfiles --create; systemd-sysusers; systemd-tmpfiles --clean",
    ),
    work(
        "su and sudo by an administrator",
        Exec,
        "su -s /bin/sh www-data -c id; sudo -n id; sudo -n -u www-data id",
    ),
    work(
        "a look at a machine",
        Exec,
        "ps aux >/dev/null; ss -tln; ip address; df; free; uptime; find /etc -name '*.conf' >/dev/null; grep -r listen /etc/nginx >/dev/null; env >/dev/null; cat /etc/passwd /etc/os-release >/dev/null; ls -la /root >/dev/null; top -bn1 >/dev/null",
    ),
    work(
        "certificates made and renewed",
        Exec,
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout /tmp/k.pem -out /tmp/c.pem -subj /CN=a 2>/dev/null; update-ca-certificates 2>/dev/null",
    ),
    work(
        "nightly jobs of Debian",
        Exec,
        "for job in dpkg logrotate man-db; do /etc/cron.daily/$job; done",
    ),
    work(
        "language runtimes that load libraries",
        Exec,
        "python3 -c 'import ssl, sqlite3, ctypes, multiprocessing as m; m.Pool(2).map(abs, [1,2])'; perl -MPOSIX -e 'print 1'",
    ),
    work(
        "npm ci",
        Exec,
        "npm='node /usr/lib/node_modules/npm/bin/npm-cli.js'; mkdir -p /tmp/n/dep && cd /tmp/n && echo '{\"name\":\"dep\",\"version\":\"1.0.0\",\"scripts\":{\"install\":\"node -e 1\"}}' > dep/package.json && \
         echo '{\"name\":\"a\",\"version\":\"1.0.0\",\"dependencies\":{\"dep\":\"file:dep\"},\"scripts\":{\"build\":\"node -e 1\"}}' > package.json && \
         $npm install --offline --silent && $npm ci --offline --silent && $npm run build --silent",
    ),
    work(
        "java: compiled and run",
        Exec,
        "mkdir -p /tmp/j && cd /tmp/j && echo 'class A { public static void main(String[] a) throws Exception { new java.net.ServerSocket(0); System.out.println(1); } }' > A.java && /jvm/bin/java A.java",
    ),
    work(
        "docker build",
        Build,
        "RUN apt-get update && apt-get install -y --no-install-recommends cowsay\nRUN useradd -m app && mkdir -p /app && chown app /app && echo 'app ALL=(ALL) ALL' > /etc/sudoers.d/app && cp /bin/true /usr/local/bin/tool && chmod u+s /usr/local/bin/tool && tool && echo 'export A=1' >> /etc/profile.d/a.sh\nUSER app\nRUN echo 'export B=1' >> ~/.bashrc\nCMD [\"tool\"]\n",
    ),
    work("containers one after the other", Run, "true"),
    work(
        "a job by docker exec",
        Exec,
        "ls / >/dev/null; cat /etc/nginx/nginx.conf >/dev/null; nginx -v; kill -0 1",
    ),
];

/// What containers have of this machine, where it is there: Node.js and Java.
pub(crate) fn mounts() -> Vec<String> {
    [
        ("/usr/bin/node", "/usr/bin/node"),
        ("/usr/lib/node_modules", "/usr/lib/node_modules"),
        ("/usr/lib/jvm/java-17-openjdk-amd64", "/jvm"),
        ("/etc/java-17-openjdk", "/etc/java-17-openjdk"),
    ]
    .iter()
    .filter(|(from, _)| Path::new(from).exists())
    .map(|(from, to)| format!("--volume={from}:{to}:ro"))
    .collect()
}

/// The image's root file system, kept for the next run.
pub(crate) fn image() -> Result<PathBuf, String> {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ordinary-12.tar");
    if kept.is_file() {
        return Ok(kept);
    }
    let root = tempfile::tempdir().map_err(|error| error.to_string())?;
    let run = |command: &mut Command| match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Err(error.to_string()),
    };
    run(Command::new("chmod").arg("755").arg(root.path()))?;
    run(Command::new("debootstrap")
        .args(["--variant=minbase", &format!("--include={PACKAGES}"), "bookworm"])
        .arg(root.path())
        .arg("http://deb.debian.org/debian"))?;
    // A job that cron runs while somebody waits for it.
    fs::write(root.path().join("etc/cron.d/minute"), "* * * * * root date > /tmp/minute\n")
        .map_err(|error| error.to_string())?;
    let partial = kept.with_extension("partial");
    run(Command::new("tar").arg("-C").arg(root.path()).arg("-cf").arg(&partial).arg("."))?;
    fs::rename(&partial, &kept).map_err(|error| error.to_string())?;
    Ok(kept)
}
