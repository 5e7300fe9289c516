//! The messages of Trivy's server, as far as they are read or answered here. What is left out of a blob
//! stays in the bytes that are kept.
//!
//! Source: aquasecurity/trivy 0.74, `rpc/*/service.proto`.

use std::collections::HashMap;

use prost::Message;
use serde::{Deserialize, Serialize};

macro_rules! message {
    ($($(#[$about:meta])* $name:ident { $($(#[$field:meta])* $member:ident: $kind:ty),* $(,)? })*) => {$(
        $(#[$about])*
        #[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
        #[serde(default)]
        #[allow(clippy::struct_field_names, reason = "Trivy named the fields")]
        pub(super) struct $name { $($(#[$field])* pub(super) $member: $kind),* }
    )*};
}

message! {
    Os {
        #[prost(string, tag = "1")] family: String,
        #[prost(string, tag = "2")] name: String,
        #[prost(bool, tag = "3")] eosl: bool,
        #[prost(bool, tag = "4")] extended: bool,
    }
    PkgIdentifier {
        #[prost(string, tag = "1")] purl: String,
        #[prost(string, tag = "2")] #[serde(alias = "bomRef")] bom_ref: String,
        #[prost(string, tag = "3")] uid: String,
    }
    Location {
        #[prost(int32, tag = "1")] #[serde(alias = "startLine")] start_line: i32,
        #[prost(int32, tag = "2")] #[serde(alias = "endLine")] end_line: i32,
    }
    Layer {
        #[prost(string, tag = "1")] digest: String,
        #[prost(string, tag = "2")] #[serde(alias = "diffId")] diff_id: String,
        #[prost(string, tag = "3")] #[serde(alias = "createdBy")] created_by: String,
    }
    Package {
        #[prost(string, tag = "13")] id: String,
        #[prost(string, tag = "1")] name: String,
        #[prost(string, tag = "2")] version: String,
        #[prost(string, tag = "3")] release: String,
        #[prost(int32, tag = "4")] epoch: i32,
        #[prost(message, optional, tag = "19")] identifier: Option<PkgIdentifier>,
        #[prost(string, tag = "5")] arch: String,
        #[prost(string, tag = "6")] #[serde(alias = "srcName")] src_name: String,
        #[prost(string, tag = "7")] #[serde(alias = "srcVersion")] src_version: String,
        #[prost(string, tag = "8")] #[serde(alias = "srcRelease")] src_release: String,
        #[prost(int32, tag = "9")] #[serde(alias = "srcEpoch")] src_epoch: i32,
        #[prost(string, repeated, tag = "15")] licenses: Vec<String>,
        #[prost(message, repeated, tag = "20")] locations: Vec<Location>,
        #[prost(message, optional, tag = "11")] layer: Option<Layer>,
        #[prost(string, tag = "12")] #[serde(alias = "filePath")] file_path: String,
        #[prost(string, repeated, tag = "14")] #[serde(alias = "dependsOn")] depends_on: Vec<String>,
        #[prost(string, tag = "16")] digest: String,
        #[prost(bool, tag = "17")] dev: bool,
        #[prost(bool, tag = "18")] indirect: bool,
        #[prost(string, tag = "21")] maintainer: String,
        #[prost(int32, tag = "22")] relationship: i32,
        #[prost(string, tag = "23")] #[serde(alias = "analyzedBy")] analyzed_by: String,
    }
    PackageInfo {
        #[prost(string, tag = "1")] #[serde(alias = "filePath")] file_path: String,
        #[prost(message, repeated, tag = "2")] packages: Vec<Package>,
    }
    Application {
        #[prost(string, tag = "1")] #[serde(rename = "type")] kind: String,
        #[prost(string, tag = "2")] #[serde(alias = "filePath")] file_path: String,
        #[prost(message, repeated, tag = "3")] packages: Vec<Package>,
    }
    Line {
        #[prost(int32, tag = "1")] number: i32,
        #[prost(string, tag = "2")] content: String,
        #[prost(bool, tag = "3")] is_cause: bool,
        #[prost(string, tag = "4")] annotation: String,
        #[prost(bool, tag = "5")] truncated: bool,
        #[prost(string, tag = "6")] highlighted: String,
        #[prost(bool, tag = "7")] first_cause: bool,
        #[prost(bool, tag = "8")] last_cause: bool,
    }
    Code {
        #[prost(message, repeated, tag = "1")] lines: Vec<Line>,
    }
    SecretFinding {
        #[prost(string, tag = "1")] #[serde(alias = "ruleId")] rule_id: String,
        #[prost(string, tag = "2")] category: String,
        #[prost(string, tag = "3")] severity: String,
        #[prost(string, tag = "4")] title: String,
        #[prost(int32, tag = "5")] start_line: i32,
        #[prost(int32, tag = "6")] end_line: i32,
        #[prost(message, optional, tag = "7")] code: Option<Code>,
        #[prost(string, tag = "8")] #[serde(rename = "match")] matched: String,
        #[prost(message, optional, tag = "10")] layer: Option<Layer>,
        #[prost(int32, tag = "11")] offset: i32,
    }
    Secret {
        #[prost(string, tag = "1")] filepath: String,
        #[prost(message, repeated, tag = "2")] findings: Vec<SecretFinding>,
    }
    /// What was found in a layer.
    BlobInfo {
        #[prost(int32, tag = "1")] #[serde(alias = "schemaVersion")] schema_version: i32,
        #[prost(message, optional, tag = "2")] os: Option<Os>,
        #[prost(message, repeated, tag = "3")] #[serde(alias = "packageInfos")] package_infos: Vec<PackageInfo>,
        #[prost(message, repeated, tag = "4")] applications: Vec<Application>,
        #[prost(string, repeated, tag = "5")] #[serde(alias = "opaqueDirs")] opaque_dirs: Vec<String>,
        #[prost(string, repeated, tag = "6")] #[serde(alias = "whiteoutFiles")] whiteout_files: Vec<String>,
        #[prost(string, tag = "7")] digest: String,
        #[prost(string, tag = "8")] #[serde(alias = "diffId")] diff_id: String,
        #[prost(message, repeated, tag = "12")] secrets: Vec<Secret>,
        #[prost(string, tag = "15")] #[serde(alias = "createdBy")] created_by: String,
    }
    PutArtifactRequest {
        #[prost(string, tag = "1")] #[serde(alias = "artifactId")] artifact_id: String,
    }
    PutBlobRequest {
        #[prost(string, tag = "1")] #[serde(alias = "diffId")] diff_id: String,
        #[prost(message, optional, tag = "3")] #[serde(alias = "blobInfo")] blob_info: Option<BlobInfo>,
    }
    MissingBlobsRequest {
        #[prost(string, tag = "1")] #[serde(alias = "artifactId")] artifact_id: String,
        #[prost(string, repeated, tag = "2")] #[serde(alias = "blobIds")] blob_ids: Vec<String>,
    }
    MissingBlobsResponse {
        #[prost(bool, tag = "1")] missing_artifact: bool,
        #[prost(string, repeated, tag = "2")] missing_blob_ids: Vec<String>,
    }
    DeleteBlobsRequest {
        #[prost(string, repeated, tag = "1")] #[serde(alias = "blobIds")] blob_ids: Vec<String>,
    }
    ScanOptions {
        #[prost(string, repeated, tag = "1")] #[serde(alias = "pkgTypes")] pkg_types: Vec<String>,
        #[prost(string, repeated, tag = "2")] scanners: Vec<String>,
        #[prost(bool, tag = "5")] #[serde(alias = "includeDevDeps")] include_dev_deps: bool,
        #[prost(message, optional, tag = "7")] distro: Option<Os>,
    }
    ScanRequest {
        #[prost(string, tag = "1")] target: String,
        #[prost(string, tag = "2")] #[serde(alias = "artifactId")] artifact_id: String,
        #[prost(string, repeated, tag = "3")] #[serde(alias = "blobIds")] blob_ids: Vec<String>,
        #[prost(message, optional, tag = "4")] options: Option<ScanOptions>,
    }
    Cvss {
        #[prost(string, tag = "1")] v2_vector: String,
        #[prost(string, tag = "2")] v3_vector: String,
        #[prost(double, tag = "3")] v2_score: f64,
        #[prost(double, tag = "4")] v3_score: f64,
        #[prost(string, tag = "5")] v40_vector: String,
        #[prost(double, tag = "6")] v40_score: f64,
    }
    DataSource {
        #[prost(string, tag = "1")] id: String,
        #[prost(string, tag = "2")] name: String,
        #[prost(string, tag = "3")] url: String,
    }
    /// `google.protobuf.Timestamp`.
    Moment {
        #[prost(int64, tag = "1")] seconds: i64,
        #[prost(int32, tag = "2")] nanos: i32,
    }
    Vulnerability {
        #[prost(string, tag = "1")] vulnerability_id: String,
        #[prost(string, tag = "2")] pkg_name: String,
        #[prost(string, tag = "3")] installed_version: String,
        #[prost(string, tag = "4")] fixed_version: String,
        #[prost(string, tag = "5")] title: String,
        #[prost(string, tag = "6")] description: String,
        #[prost(int32, tag = "7")] severity: i32,
        #[prost(string, repeated, tag = "8")] references: Vec<String>,
        #[prost(message, optional, tag = "25")] pkg_identifier: Option<PkgIdentifier>,
        #[prost(message, optional, tag = "10")] layer: Option<Layer>,
        #[prost(string, tag = "11")] severity_source: String,
        #[prost(map = "string, message", tag = "12")] cvss: HashMap<String, Cvss>,
        #[prost(string, tag = "14")] primary_url: String,
        #[prost(message, optional, tag = "15")] #[serde(skip)] published_date: Option<Moment>,
        #[prost(message, optional, tag = "16")] #[serde(skip)] last_modified_date: Option<Moment>,
        #[prost(string, repeated, tag = "19")] vendor_ids: Vec<String>,
        #[prost(message, optional, tag = "20")] data_source: Option<DataSource>,
        #[prost(map = "string, int32", tag = "21")] vendor_severity: HashMap<String, i32>,
        #[prost(string, tag = "22")] pkg_path: String,
        #[prost(string, tag = "23")] pkg_id: String,
        #[prost(int32, tag = "24")] status: i32,
    }
    ScanResult {
        #[prost(string, tag = "1")] target: String,
        #[prost(message, repeated, tag = "2")] vulnerabilities: Vec<Vulnerability>,
        #[prost(string, tag = "6")] class: String,
        #[prost(string, tag = "3")] #[serde(rename = "type")] kind: String,
        #[prost(message, repeated, tag = "5")] packages: Vec<Package>,
        #[prost(message, repeated, tag = "8")] secrets: Vec<SecretFinding>,
    }
    ScanResponse {
        #[prost(message, optional, tag = "1")] os: Option<Os>,
        #[prost(message, repeated, tag = "3")] results: Vec<ScanResult>,
        #[prost(message, repeated, tag = "4")] layers: Vec<Layer>,
    }
    Empty {}
}
