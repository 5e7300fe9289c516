//! Prints the local time.

use smallvec::SmallVec;

fn main() {
    let now = time::now();
    let parts: SmallVec<[i32; 3]> = [now.tm_hour, now.tm_min, now.tm_sec].into_iter().collect();
    println!("{:02}:{:02}:{:02}", parts[0], parts[1], parts[2]);
}
