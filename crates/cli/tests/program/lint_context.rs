//! `plimsoll lint` and the build context: what `COPY` takes, and what `.dockerignore` keeps out.

use crate::machine::Machine;

#[test]
fn a_whole_context_without_an_ignore_file_names_what_gets_in() {
    let machine = Machine::new();
    machine.write("app/Dockerfile", "FROM scratch\nCOPY . /srv\n");
    machine.write("app/.env", "TOKEN=1\n");
    machine.write("app/node_modules/a/index.js", "");
    let out = machine.run("lint -f text app/Dockerfile").ended(1).out;
    assert!(out.contains("PL1301 info: "), "{out}");
    assert!(out.contains("the image gets `.env`, `node_modules` too"), "{out}");
    machine.write("app/.dockerignore", "node_modules\n");
    let out = machine.run("lint -f text app/Dockerfile").ended(1).out;
    assert!(!out.contains("PL1301"), "{out}");
    assert!(out.contains("PL1302 warning: `.env` would get into the image"), "{out}");
    machine.write("app/.dockerignore", "*\n!src\n");
    machine.run("lint -f text app/Dockerfile").ended(0);
}

#[test]
fn what_a_later_layer_cannot_free_is_weighed() {
    let machine = Machine::new();
    machine.write("Dockerfile", "FROM debian:12\nCOPY big.tar /tmp/big.tar\nRUN rm /tmp/big.tar\n");
    machine.write("big.tar", "x".repeat(2_560_000));
    let out = machine.run("lint -f text Dockerfile").ended(1).out;
    let message = "frees nothing: 2.5 MB stay in the layer of line 2";
    assert!(out.contains(message), "{out}");
}

#[test]
fn the_ignore_file_of_the_dockerfile_wins_over_that_of_the_folder() {
    let machine = Machine::new();
    machine.write("Dockerfile", "FROM scratch\nCOPY notes.txt /srv/\n");
    machine.write("notes.txt", "");
    machine.write(".dockerignore", "*.txt\n");
    let out = machine.run("lint -f text Dockerfile").ended(1).out;
    let message = "Attempting to Copy file \"notes.txt\" that is excluded by .dockerignore";
    assert!(out.contains(message), "{out}");
    machine.write("Dockerfile.dockerignore", "*.md\n");
    machine.run("lint -f text Dockerfile").ended(0);
}

#[test]
fn a_context_that_is_named_is_looked_through() {
    let machine = Machine::new();
    machine.write("docker/Dockerfile", "FROM scratch\nCOPY src/main.go src/mian.go go.* /srv/\n");
    machine.write("src/main.go", "");
    machine.write("certs/server.key", "");
    machine.run("lint docker/Dockerfile").ended(0);
    let out = machine.run("lint --context . -f text docker/Dockerfile").ended(1).out;
    let message = "PL1303 warning: `src/mian.go` is not in the build context \
                   (did you mean `src/main.go`?)";
    assert!(out.contains(message), "{out}");
    assert_eq!(out.matches("PL1303").count(), 1, "{out}");
    machine.write(".dockerignore", "[\n");
    machine.write("docker/Dockerfile", "FROM scratch\nCOPY . /srv/\n");
    let ran = machine.run("lint --context . -f text docker/Dockerfile").ended(1);
    assert!(ran.out.contains("`certs/server.key` would get into the image"), "{}", ran.out);
    assert!(
        ran.err.contains(".dockerignore:1: the builder refuses the pattern `[`"),
        "{}",
        ran.err
    );
    machine.run("lint --context absent docker/Dockerfile").ended(2);
}

#[test]
fn a_folder_below_the_one_with_the_ignore_file_is_taken_for_no_context() {
    let machine = Machine::new();
    machine.write(".dockerignore", "x\n");
    machine.write("docker/Dockerfile", "FROM scratch\nCOPY . /srv\n");
    machine.write("docker/.env", "");
    machine.run("lint docker/Dockerfile").ended(0);
}
