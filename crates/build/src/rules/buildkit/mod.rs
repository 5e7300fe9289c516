//! The builder's own checks, under its names, where no other rule says the same.
//!
//! <https://docs.docker.com/reference/build-checks/>; where each is raised:
//! <https://github.com/moby/buildkit/tree/master/frontend/dockerfile/dockerfile2llb>. A check that
//! a rule of hadolint's also makes is an alias of that rule.

mod base_variables;
mod expansion;
mod ports;

super::registry! {
    consistent_instruction_casing
    copy_ignored_file
    expose_invalid_format
    expose_proto_casing
    from_as_casing
    invalid_base_image_platform
    invalid_default_arg_in_from
    invalid_definition_description
    legacy_key_value_format
    no_empty_continuation
    secrets_used_in_arg_or_env
    stage_name_casing
    undefined_arg_in_from
    undefined_var
}
