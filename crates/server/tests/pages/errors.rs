//! What browsers see where there is nothing to see, and what programs see then.

use crate::site::Site;

const BROWSER: &str = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n";

#[test]
fn a_browser_sees_problems_as_pages_and_programs_as_problems() {
    Site::run(|site| async move {
        let page = site.ask("/nowhere", BROWSER).await;
        assert_eq!(page.status, 404);
        assert_eq!(page.head("content-type").as_deref(), Some("text/html; charset=utf-8"));
        assert!(page.body.contains("<h1>Not here</h1>") && page.body.contains("/nowhere"));
        assert!(page.head("content-security-policy").is_some_and(|it| it.contains("'none'")));
        for (path, accept) in [("/nowhere", "Accept: text/html, */*\r\n"), ("/nowhere", "")] {
            let said = site.ask(path, accept).await;
            let kind = said.head("content-type");
            assert_eq!(kind.as_deref(), Some("application/problem+json"), "{accept:?}");
        }
        let said = site.ask("/api/v1/nowhere", BROWSER).await;
        assert_eq!(said.head("content-type").as_deref(), Some("application/problem+json"));
        let evil = site.ask("/%3Cscript%3Ealert(1)%3C/script%3E", BROWSER).await;
        assert!(evil.status == 404 && !evil.body.contains("<script>"), "{}", evil.body);
    });
}

#[test]
fn styles_are_there_before_anybody_is_in() {
    Site::run_closed(|site| async move {
        let page = site.ask("/images?q=a", BROWSER).await;
        assert_eq!((page.status, page.head("location").is_some()), (303, true));
        let page = site.ask("/sign-in", BROWSER).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("First start") && page.body.contains("plimsoll serve token"));
        for part in page.body.split('"').filter(|part| part.starts_with("/assets/")) {
            assert_eq!(site.get(part).await.status, 200, "{part}");
        }
    });
}
