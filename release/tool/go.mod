// Writes archives and provenance of a release: the same bytes for the same files, on every machine with this toolchain.
module github.com/kubeblocks/terraform-provider-kubeblocks/release/tool

go 1.26.0

toolchain go1.26.8
