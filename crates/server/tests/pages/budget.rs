//! How long the server takes for a page, and how much it sends.

use std::time::{Duration, Instant};

use crate::PAGES;
use crate::estate::Estate;
use crate::site::Site;

/// Of the program as it is released. Without optimisation, on a machine that does other things as well, only
/// that it comes is looked at.
const LONGEST: Duration = Duration::from_millis(if cfg!(debug_assertions) { 5_000 } else { 100 });

/// How many bytes come at a first load.
const MOST: usize = 150_000;

#[test]
fn every_page_is_quick_and_small_and_styles_stay_in_the_browser() {
    Site::run_with(Estate::advisories, |site| async move {
        let estate = Estate::fill(&site).await;
        let [one, other] = &estate.worst;
        let mut paths: Vec<String> = PAGES.iter().map(ToString::to_string).collect();
        for view in ["", "packages", "layers", "timeline", "about"] {
            paths.push(format!("/images/{one}?view={view}"));
        }
        paths.extend([format!("/compare?a={one}&b={other}"), "/weaknesses/CVE-2021-44228".into()]);
        // Whoever comes first waits for the figures of the whole estate.
        site.get("/").await;
        println!("{:<60} {:>8} {:>8} {:>8}", "page", "ms", "page B", "first B");
        for path in &paths {
            let page = site.get_packed(path).await;
            assert_eq!(page.head("content-encoding").as_deref(), Some("gzip"), "{path}");
            let mut quickest = Duration::MAX;
            let mut text = String::new();
            for _ in 0..3 {
                let began = Instant::now();
                text = site.get(path).await.body;
                quickest = quickest.min(began.elapsed());
            }
            let mut sum = page.length;
            for part in text.split('"').filter(|part| part.starts_with("/assets/")) {
                let asset = site.get_packed(part).await;
                assert_eq!(asset.status, 200, "{part}");
                let kept = asset.head("cache-control").is_some_and(|it| it.contains("immutable"));
                assert!(kept, "{part}");
                sum += asset.length;
            }
            let took = quickest.as_secs_f64() * 1000.0;
            println!(
                "{:<60} {took:>8.1} {:>8} {sum:>8}",
                path.get(..60).unwrap_or(path),
                page.length
            );
            assert!(sum <= MOST, "{path}: {sum} bytes");
            assert!(quickest < LONGEST, "{path}: {took} ms");
        }
    });
}
