//! The builder's own checks, under its names, where no other rule says the same.
//!
//! <https://docs.docker.com/reference/build-checks/>
super::registry! {
    consistent_instruction_casing
    from_as_casing
    legacy_key_value_format
    no_empty_continuation
    stage_name_casing
    undefined_arg_in_from
}
