//! A Dockerfile of any text, read, judged and mended: every span is a part of the text, and what
//! was mended has no problem that it had not before.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_build::syntax::{Arguments, Dockerfile, Instruction};
use plimsoll_build::{Config, Environment, Safety, Source, Span, fix, lint};

fuzz_target!(|data: &[u8]| {
    // The first byte chooses how far is mended.
    let [most, text @ ..] = data else { return };
    let file = Dockerfile::parse(Source::from_bytes(text.to_vec()));
    let text = file.source.text();
    let fits = |span: Span| assert!(text.get(span.range()).is_some(), "{span:?}");
    for instruction in &file.instructions {
        instruction_fits(instruction, &fits);
    }
    file.comments.iter().for_each(|comment| fits(comment.span));
    file.problems.iter().for_each(|problem| fits(problem.span));
    let (config, environment) = (Config::default(), Environment::default());
    for finding in lint(&file, &config, &environment).findings {
        fits(finding.span);
        finding.related.iter().for_each(|(span, _)| fits(*span));
        finding.fix.iter().flat_map(|fix| &fix.edits).for_each(|edit| fits(edit.span));
    }
    let most = if most % 2 == 0 { Safety::Safe } else { Safety::Unsafe };
    let fixed = fix(text, &config, &environment, most);
    let after = Dockerfile::parse(Source::new(fixed.text));
    let before = Dockerfile::parse(Source::new(text));
    assert!(after.problems.len() <= before.problems.len(), "{:?}", after.problems);
});

fn instruction_fits(instruction: &Instruction, fits: &dyn Fn(Span)) {
    fits(instruction.span);
    fits(instruction.name.span);
    fits(instruction.arguments_span);
    instruction.flags.iter().for_each(|flag| fits(flag.span));
    instruction.heredocs.iter().for_each(|document| fits(document.span));
    match &instruction.arguments {
        Arguments::Onbuild(inner) => instruction_fits(inner, fits),
        arguments => {
            arguments.words().iter().for_each(|word| fits(word.span));
            for pair in arguments.pairs() {
                fits(pair.key.span);
                fits(pair.value.span);
            }
        }
    }
}
