//! Makes system calls to be watched: numbered ones, of which each has to be seen, and storms.
//!
//! ```text
//! storm opens FOLDER COUNT      opens COUNT numbered files of a folder
//! storm connects COUNT          connects datagram sockets to COUNT addresses of 127.0.0.0/8
//! storm execs COUNT             runs /bin/true COUNT times with a numbered argument
//! storm rate PER_SECOND SECONDS opens and closes /dev/null, so many events a second
//! storm work COUNT              forks, runs /bin/true and opens a file, COUNT times; says how long and with how much of a processor
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a tool of the benchmarks, which ends at the first surprise"
)]

use std::fs::File;
use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments[at].parse::<u64>().unwrap();
    match arguments[0].as_str() {
        "opens" => opens(&arguments[1], number(2)),
        "connects" => connects(u32::try_from(number(1)).unwrap()),
        "execs" => execs(number(1)),
        "rate" => rate(number(1), number(2)),
        "work" => work(number(1)),
        other => panic!("`{other}` is nothing that can be done"),
    }
}

fn opens(folder: &str, count: u64) {
    for number in 0..count {
        // Files of an even number are there, the others are not.
        let _ = File::open(format!("{folder}/planted-{number:06}"));
        pause(number);
    }
}

fn connects(count: u32) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let first = u32::from(Ipv4Addr::new(127, 16, 0, 1));
    for number in 0..count {
        socket.connect((Ipv4Addr::from(first + number), 9)).unwrap();
        pause(u64::from(number));
    }
}

/// Each of these is an alert, which costs more than an event: about ten thousand a second.
fn pause(number: u64) {
    if number.is_multiple_of(20) {
        thread::sleep(Duration::from_millis(2));
    }
}

fn execs(count: u64) {
    for number in 0..count {
        Command::new("/bin/true").arg(format!("planted-{number:06}")).status().unwrap();
    }
}

/// An open and a close are two events.
fn rate(per_second: u64, seconds: u64) {
    let threads = thread::available_parallelism().unwrap().get() as u64;
    let each = per_second / 2 / threads;
    let made: u64 = thread::scope(|scope| {
        let running: Vec<_> =
            (0..threads).map(|_| scope.spawn(move || paced(each, seconds))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    println!("{} events", made * 2);
}

/// So many opens a second, in portions of ten milliseconds.
fn paced(per_second: u64, seconds: u64) -> u64 {
    let begun = Instant::now();
    let mut made = 0;
    while begun.elapsed() < Duration::from_secs(seconds) {
        let due = u64::try_from(begun.elapsed().as_micros()).unwrap() * per_second / 1_000_000;
        while made < due {
            let _ = File::open("/dev/null");
            made += 1;
        }
        thread::sleep(Duration::from_millis(2));
    }
    made
}

fn work(count: u64) {
    let begun = Instant::now();
    for _ in 0..count {
        Command::new("/bin/true").stdin(Stdio::null()).status().unwrap();
        let _ = File::open("/etc/hostname");
    }
    println!("{:.3} {:.2}", begun.elapsed().as_secs_f64(), processor_seconds());
}

/// What this process and its children have used, as /proc tells it.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let cells: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    let ticks: u32 = (11..15).map(|at| cells[at].parse::<u32>().unwrap()).sum();
    f64::from(ticks) / 100.0
}
