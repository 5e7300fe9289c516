package signature

default allow = false

allow {
  input.predicate.buildType == "make"
  startswith(input.predicate.builder.id, "https://release.example/")
}
