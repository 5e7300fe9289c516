//! The stages of a build and what each is built on.

use std::collections::HashMap;
use std::ops::Range;

use crate::Span;
use crate::syntax::{Argument, Dockerfile, Keyword};

/// A build stage.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Its number, from 0.
    pub index: usize,
    /// The index of its `FROM` in [`Dockerfile::instructions`].
    pub from: usize,
    /// What it is built on, as written.
    pub image: Argument,
    /// The name behind `AS`, as written.
    pub name: Option<Argument>,
    /// The value of `--platform`.
    pub platform: Option<String>,
    /// The indexes of its instructions, without `FROM`.
    pub instructions: Range<usize>,
    /// The earlier stage that it is built on, if it is not an image.
    pub parent: Option<usize>,
    /// The stage with the image that it is built on in the end; its own number, if that is it.
    pub root: usize,
}

impl Stage {
    /// Where its `FROM` stands.
    pub fn span(&self, file: &Dockerfile) -> Span {
        file.instructions.get(self.from).map_or_else(Span::default, |from| from.span)
    }

    /// Whether it is called so, in any case, or has that number.
    pub fn is_called(&self, name: &str) -> bool {
        self.name.as_ref().is_some_and(|own| own.text.eq_ignore_ascii_case(name))
            || name.parse() == Ok(self.index)
    }

    /// Whether it starts from nothing.
    pub fn is_scratch(&self) -> bool {
        self.parent.is_none() && self.image.text == "scratch"
    }
}

/// The stages of a file in order.
pub fn stages(file: &Dockerfile) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    let mut named: HashMap<String, usize> = HashMap::new();
    for (index, instruction) in file.instructions.iter().enumerate() {
        if instruction.keyword != Keyword::From {
            if let Some(stage) = stages.last_mut() {
                stage.instructions.end = index.saturating_add(1);
            }
            continue;
        }
        let words = instruction.arguments.words();
        let image = words.first().cloned().unwrap_or_default();
        let has_name = words.get(1).is_some_and(|word| word.text.eq_ignore_ascii_case("as"));
        let name = words.get(2).filter(|_| has_name).cloned();
        let parent = named.get(&image.text.to_ascii_lowercase()).copied();
        let number = stages.len();
        if let Some(name) = &name {
            named.insert(name.text.to_ascii_lowercase(), number);
        }
        let first = index.saturating_add(1);
        stages.push(Stage {
            index: number,
            from: index,
            image,
            name,
            platform: instruction.flag_value("platform").map(str::to_owned),
            instructions: first..first,
            parent,
            root: parent.and_then(|parent| stages.get(parent)).map_or(number, |one| one.root),
        });
    }
    stages
}
