//! What the parser makes of a text, as an outline that can be read.

mod corpus;
mod hostile;
mod outline;

use super::{Dialect, SyntaxErrorKind, parse};
use outline::outline;

fn kinds(text: &str) -> Vec<SyntaxErrorKind> {
    parse(text, Dialect::Bash).errors.iter().map(|error| error.kind).collect()
}

/// Each text has this outline and no error.
fn all(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let script = parse(text, Dialect::Bash);
        assert_eq!(script.errors, [], "{text}");
        assert_eq!(outline(&script, text), *expected, "{text}");
    }
}

#[test]
fn lists_and_pipelines() {
    all(&[
        ("a b; c & d\ne", "(a b); (c)& (d)\n (e)"),
        ("a && b ||\n c", "(a) && (b) || (c)"),
        ("a |& b | c && ! d", "(a) | (b) | (c) && !(d)"),
        ("! a | b", "!(a) | (b)"),
        ("time a", "(time a)"),
        ("time { a; }", "time {(a);}"),
        ("a # b\nc#d", "(a)\n (c#d)"),
        ("a &&\n# why\nb", "(a) && (b)"),
        ("a\\\nb c \\\n d", "(a\\nb c d)"),
        ("", ""),
        ("# only\n", ""),
    ]);
}

#[test]
fn words_and_quotes() {
    all(&[
        (r#"a"b$X"'c'"#, "(a dq[b $X] sq[c])"),
        (r#"echo "\$a \d \" \\""#, r#"(echo dq[\$ a \d  \"   \\])"#),
        (r"a\ b \'", r"(a\ b \')"),
        (r"$'a\'b' $", r"(ansi[a'b] $)"),
        (r#"$"a""#, "(locale[a])"),
        ("*.[ch] a?b [!a-z]", "(*.[ch] a?b [!a-z])"),
        ("[ a = b ] x] [", "([ a = b ] x] [)"),
        ("~/x ~user/y a~b", "(~/x ~user/y a~b)"),
        ("{a,b}{1..3} {} {x} a{,b}", "({a|b}{1..3} {} {x} a {|b})"),
        ("@(a|b*).x", "(@(a|b*).x)"),
        ("echo a{b,c", "(echo a{b,c)"),
        ("mkdir -p /x/{a,$b,\"c d\"}/e", "(mkdir -p /x/ {a|$b|dq[c d]} /e)"),
    ]
    .map(|(text, outline)| (text, outline)));
}

#[test]
fn expansions() {
    all(&[
        ("$a ${b} $1 ${10} $@ $$ a$", "($a ${b} $1 ${10} $@ $$ a$)"),
        ("${x:-a b} ${x-} ${x:=$y}", "(${x Default[a b]} ${x Default[]} ${x Assign[$y]})"),
        ("${x##*/} ${x%.*}", "(${x RemoveLongestPrefix[*/]} ${x RemoveShortestSuffix[.*]})"),
        ("${x/a/b} ${x//\\//_}", "(${x ReplaceFirst[a][b]} ${x ReplaceAll[\\/][_]})"),
        (
            "${#x} ${#} ${##} ${!x} ${!x*} ${x[1]} ${#x[@]}",
            "(${#x} ${#} ${##} ${!x} ${!x Names} ${x<1>} ${#x<@>})",
        ),
        (
            "${x:1:2} ${x^^} ${x,} ${x@Q}",
            "(${x Slice[1:2]} ${x UppercaseAll[]} ${x LowercaseFirst[]} ${x Transform[Q]})",
        ),
        (
            r#"${x:-$(y "z")} "${x:-"a b"}""#,
            "(${x Default[$((y dq[z]))]} dq[${x Default[dq[a b]]}])",
        ),
        ("$((a + (b) * $c)) $[d]", "(arith[a + (b) * $c] arith[d])"),
        ("$( (a) ) $((a); (b))", "($(sub((a))) $(sub((a)); sub((b))))"),
        ("$(case a in a) b;; esac)", "($(case a in a) (b);;esac))"),
        ("`a \\`b \\$c\\`` \"`d \\\"e\\\"`\"", "(`(a `(b $c)`)` dq[`(d dq[e])`])"),
        ("diff <(a) >(b)", "(diff <((a)) >((b)))"),
        ("$(a # no )\n)", "($((a)\n))"),
    ]);
}

#[test]
fn assignments_and_redirects() {
    all(&[
        ("A=b C= D+=e f[1]=g h", "(A=b C= D+=e f<1>=g h)"),
        ("A=(x \"y\" [2]=z)", "(A=(x dq[y] [2]=z))"),
        ("declare -a x=(1 2) y", "(declare -a x=(1 2) y)"),
        ("a=1; b=$(c)", "(a=1); (b=$((c)))"),
        ("a A=b", "(a A=b)"),
        ("a >b 2>&1 <c >>d &>e >|f <>g {fd}>h 3<&-", "(a >b 2>&1 <c >>d &>e >|f <>g {}>h 3<&-)"),
        ("a <<< \"$b\"", "(a <<<dq[$b])"),
        ("2>/dev/null a", "(a 2>/dev/null)"),
        ("a2>b", "(a2 >b)"),
    ]);
}

#[test]
fn heredocs() {
    all(&[
        ("cat <<EOF && b\nx $y \\$z\nEOF\nc", "(cat <<EOF{x $y \\$z\n}) && (b)\n (c)"),
        ("cat <<'E F'\n$x `\nE F\n", "(cat <<E F{$x `\n})\n"),
        ("cat <<-A <<B | d\n\tx\n\tA\ny\nB\ne", "(cat <<-A{\tx\n} <<B{y\n}) | (d)\n (e)"),
        ("cat <<A \"b\nc\"\nd\nA\n", "(cat dq[b\nc] <<A{d\n})\n"),
        ("$(cat <<A\nx)y\nA\n) z", "($((cat <<A{x)y\n})\n) z)"),
        ("cat <<A\nx \\\nA\nA\n", "(cat <<A{x \\nA\n})\n"),
        ("cat <<A # it's\nx\nA\ny", "(cat <<A{x\n})\n (y)"),
    ]);
}

#[test]
fn compound_commands() {
    all(&[
        (
            "if a; then b; elif c\nthen d; else e; fi >x",
            "if(a); then(b); elif(c)\nthen(d); else(e); fi >x",
        ),
        ("while a; do b; done", "while(a); do(b); done"),
        ("until a\ndo b\ndone", "until(a)\ndo(b)\ndone"),
        ("for i in a $b; do c; done", "for i in a $b; do(c); done"),
        ("for i do c; done", "for i; do(c); done"),
        ("for i\nin a\ndo c\ndone", "for i in a; do(c)\ndone"),
        ("for ((i=0; i<$n; i++)); do c; done", "for((i=0; i<$n; i++)); do(c); done"),
        ("for i in a; { b; }", "for i in a; do(b); done"),
        ("select x in a; do b; done", "select x in a; do(b); done"),
        (
            "case $x in a|'b') c;; (d*) e;& *) f; esac",
            "case $x in a|sq[b]) (c);;d*) (e);&*) (f); esac",
        ),
        ("case x in esac", "case x in esac"),
        ("(a; b) | { c; }", "sub((a); (b)) | {(c);}"),
        ("f() { a; }; function g { b; }\nfunction h () (c)", "f(){(a);}; g(){(b);}\n h()sub((c))"),
        ("f()\n{ a; } >x", "f(){(a);} >x"),
        ("((a++)) && ((b))", "((a++)) && ((b))"),
        ("coproc a b", "coproc (a b)"),
        ("echo if then } { ! fi", "(echo if then } { ! fi)"),
        ("{ a; }>b", "{(a);} >b"),
    ]);
}

#[test]
fn tests() {
    all(&[
        ("[[ -f $x && ! a == b* ]]", "[[(-f $x && !(a == b*))]]"),
        ("[[ a =~ ^(x y|z)$ || ( -n b ) ]]", "[[(a =~ ^(x y|z)$ || ((-n b)))]]"),
        ("[[ $a < b ]] >c", "[[($a < b)]] >c"),
        ("[[ a ]] && [[ -f ]]", "[[a]] && [[-f]]"),
        ("[[ a\n&& b ]]", "[[(a && b)]]"),
    ]);
}

#[test]
fn what_is_missing_has_a_name() {
    use SyntaxErrorKind as Kind;

    for (text, expected) in [
        ("a 'b", &[Kind::UnterminatedSingleQuote][..]),
        ("a \"b", &[Kind::UnterminatedDoubleQuote]),
        ("a `b", &[Kind::UnterminatedBacktick]),
        ("a $(b", &[Kind::UnterminatedSubstitution]),
        ("a <(b", &[Kind::UnterminatedSubstitution]),
        ("a ${b", &[Kind::UnterminatedParameter]),
        ("a $((b", &[Kind::UnterminatedArithmetic]),
        ("a <<B\nc", &[Kind::UnterminatedHeredoc]),
        ("a=(b", &[Kind::UnterminatedArray]),
        ("[[ a", &[Kind::UnterminatedTest]),
        ("if a; then b", &[Kind::MissingFi]),
        ("if a; b; fi", &[Kind::MissingThen]),
        ("while a; b; done", &[Kind::MissingDo]),
        ("while a; do b", &[Kind::MissingDone]),
        ("for a in b; do c; fi done", &[Kind::UnexpectedKeyword]),
        ("case a in b) c;;", &[Kind::MissingEsac]),
        ("case a b) c;; esac", &[Kind::MissingIn]),
        ("{ a", &[Kind::MissingBrace]),
        ("(a", &[Kind::MissingParenthesis]),
        ("a && && b", &[Kind::MissingCommand, Kind::MissingCommand]),
        ("a |", &[Kind::MissingCommand]),
        ("if a; then fi", &[Kind::MissingCommand]),
        ("a >", &[Kind::MissingRedirectTarget]),
        ("fi", &[Kind::UnexpectedKeyword]),
        ("a )", &[Kind::UnexpectedParenthesis]),
        ("foo (bar)", &[Kind::FunctionParameters]),
        ("foo bar (baz)", &[Kind::UnexpectedParenthesis]),
        ("; a", &[Kind::UnexpectedOperator]),
        ("a ;; b", &[Kind::UnexpectedOperator]),
        ("if a; then b; fi c", &[Kind::UnexpectedWord]),
        ("f(a, b) { c; }", &[Kind::FunctionParameters]),
        ("f() a", &[Kind::MissingFunctionBody]),
        ("a &; b", &[Kind::AmpersandSemicolon]),
        ("[[ a b ]]", &[Kind::BadTest]),
        ("for $a in b; do c; done", &[Kind::BadName]),
        ("if[ a ]; b", &[Kind::MissingSpaceBeforeBracket]),
        ("[a ]", &[Kind::MissingSpaceAfterBracket]),
        ("{a; }", &[Kind::MissingSpaceAfterBracket, Kind::UnexpectedKeyword]),
        ("[ a]", &[Kind::MissingSpaceBeforeClosingBracket]),
        ("a= b", &[Kind::SpaceAfterEquals]),
        ("a = b", &[Kind::SpaceAroundEquals]),
        ("$a=b", &[Kind::DollarInAssignment]),
        ("a\u{a0}b", &[Kind::NonBreakingSpace]),
        ("a\r\nb\r\n", &[Kind::CarriageReturn]),
        ("a \u{201c}b\u{201d}", &[Kind::UnicodeQuote, Kind::UnicodeQuote]),
        ("${a b}", &[Kind::BadSubstitution]),
    ] {
        assert_eq!(kinds(text), expected, "{text}");
    }
}

#[test]
fn what_surrounds_a_mistake_is_still_parsed() {
    for (text, names) in [
        ("a; fi; b", &["a", "b"][..]),
        ("a (b) c; d", &["a", "d"]),
        ("if a; then b; echo $(c; d", &["a", "b", "echo", "c", "d"]),
        ("a && ; b", &["a", "b"]),
        ("case x in y z) a;; w) b;; esac; c", &["b", "c"]),
        ("[[ a b ]] && c", &["c"]),
        ("f(x) { a; }; b", &["a", "b"]),
        ("{ a; ) b", &["a", "b"]),
    ] {
        let script = parse(text, Dialect::Posix);
        assert!(!script.errors.is_empty(), "{text}");
        let commands = script.simple_commands();
        let found: Vec<_> = commands.iter().filter_map(|found| found.command.name(text)).collect();
        assert_eq!(found, names, "{text}");
    }
}

#[test]
fn a_missing_end_tells_what_was_opened() {
    let text = "a && if b; then c";
    let error = parse(text, Dialect::Posix).errors.into_iter().next();
    let opened = error.and_then(|error| error.opened).map(|span| (span.start, span.of(text)));
    assert_eq!(opened, Some((5, "if")));
}

#[test]
fn words_say_their_text() {
    for (text, expected, literal) in [
        (r#"a"b$X"'c'"#, "ab$Xc", false),
        (r#""a b"'c'\d"#, "a bcd", true),
        ("a\\\nb", "ab", true),
        (r"$'a\tb\x41\u00e9\n'", "a\tbA\u{e9}\n", true),
        ("*.deb", "*.deb", false),
        ("\"*.deb\"", "*.deb", true),
        ("$(a \"b\")c", "$(a \"b\")c", false),
        ("''", "", true),
        ("{a,b}", "{a,b}", false),
    ] {
        let script = parse(text, Dialect::Bash);
        let commands = script.simple_commands();
        let word = commands.first().and_then(|found| found.command.words.first());
        assert_eq!(
            word.map(|word| word.text(text).into_owned()).as_deref(),
            Some(expected),
            "{text}"
        );
        assert_eq!(word.is_some_and(|word| word.literal(text).is_some()), literal, "{text}");
    }
}

#[test]
fn powershell_and_cmd_are_split_into_commands_and_words() {
    for (dialect, text, expected) in [
        (
            Dialect::PowerShell,
            "$a = 'b;c'; Install-Foo -Name \"x `\"$y\" | Out-Null # z",
            "($a = sq[b;c]); (Install-Foo -Name dq[x  `\" $y]) | (Out-Null)",
        ),
        (
            Dialect::PowerShell,
            "(New-Object Net.WebClient).DownloadFile($env:URL, 'a b')\nif ($x) { Remove-Item C:\\x }",
            "((New-Object Net.WebClient).DownloadFile( $env:URL ,  sq[a b] ))\n (if ( $x )) (Remove-Item C:\\x)",
        ),
        (
            Dialect::Cmd,
            "dir C:\\ & md \"a b\" && echo %PATH% ^& c > x.txt || (del /q d)",
            "(dir C:\\); (md dq[a b]) && (echo $PATH ^& c >x.txt) || (del /q d)",
        ),
    ] {
        let script = parse(text, dialect);
        assert_eq!(script.errors, [], "{text}");
        assert_eq!(outline(&script, text), expected, "{text}");
    }
}
