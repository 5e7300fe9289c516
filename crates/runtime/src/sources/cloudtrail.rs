//! The API log of an AWS account, as the plugin `cloudtrail` reads it.
//!
//! After `extract.go` of falcosecurity/plugins.

use super::containers::texts;
use super::{Json, Log};
use crate::event::{Arena, FieldRef, Value, Values};
use crate::fields::Source;

pub(super) static LOG: Log = Log {
    source: Source::AwsCloudtrail,
    plugin: Some("cloudtrail"),
    code: |_| None,
    is_event: |document| {
        document.get("eventVersion").is_some() && document.get("eventName").is_some()
    },
    batch: |document| document.get("Records")?.items(),
    time: |document| super::time(document.get("eventTime")).ok_or("it has no time in `eventTime`"),
    field,
    info,
};

/// Fields that are texts where they stand.
const TEXTS: [(&str, &[&str]); 48] = [
    ("ct.id", &["eventID"]),
    ("ct.error", &["errorCode"]),
    ("ct.errormessage", &["errorMessage"]),
    ("ct.time", &["eventTime"]),
    ("ct.src", &["eventSource"]),
    ("ct.name", &["eventName"]),
    ("ct.user.identitytype", &["userIdentity", "type"]),
    ("ct.user.principalid", &["userIdentity", "principalId"]),
    ("ct.user.arn", &["userIdentity", "arn"]),
    ("ct.region", &["awsRegion"]),
    ("ct.response.subnetid", &["responseElements", "subnetId"]),
    ("ct.response.reservationid", &["responseElements", "reservationId"]),
    ("ct.request.availabilityzone", &["requestParameters", "availabilityZone"]),
    ("ct.request.cluster", &["requestParameters", "cluster"]),
    ("ct.request.functionname", &["requestParameters", "functionName"]),
    ("ct.request.groupname", &["requestParameters", "groupName"]),
    ("ct.request.host", &["requestParameters", "Host"]),
    ("ct.request.name", &["requestParameters", "name"]),
    ("ct.request.policy", &["requestParameters", "policy"]),
    ("ct.request.reason", &["requestParameters", "reason"]),
    ("ct.request.target", &["requestParameters", "target"]),
    ("ct.request.documentname", &["requestParameters", "documentName"]),
    ("ct.request.serialnumber", &["requestParameters", "serialNumber"]),
    ("ct.request.servicename", &["requestParameters", "serviceName"]),
    ("ct.request.subnetid", &["requestParameters", "subnetId"]),
    ("ct.request.taskdefinition", &["requestParameters", "taskDefinition"]),
    ("ct.request.username", &["requestParameters", "userName"]),
    ("ct.srcip", &["sourceIPAddress"]),
    ("ct.useragent", &["userAgent"]),
    ("ct.requestid", &["requestID"]),
    ("ct.eventtype", &["eventType"]),
    ("ct.apiversion", &["apiVersion"]),
    ("ct.recipientaccountid", &["recipientAccountId"]),
    ("ct.sharedeventid", &["sharedEventID"]),
    ("ct.vpcendpointid", &["vpcEndpointId"]),
    ("ct.eventcategory", &["eventCategory"]),
    ("ct.addendum.reason", &["addendum", "reason"]),
    ("ct.addendum.updatedfields", &["addendum", "updatedFields"]),
    ("ct.addendum.originalrequestid", &["addendum", "originalRequestID"]),
    ("ct.addendum.originaleventid", &["addendum", "originalEventID"]),
    ("ct.tlsdetails.tlsversion", &["tlsDetails", "tlsVersion"]),
    ("ct.tlsdetails.ciphersuite", &["tlsDetails", "cipherSuite"]),
    ("ct.tlsdetails.clientprovidedhostheader", &["tlsDetails", "clientProvidedHostHeader"]),
    ("s3.bucket", &["requestParameters", "bucketName"]),
    ("s3.key", &["requestParameters", "key"]),
    ("ecr.repository", &["requestParameters", "repositoryName"]),
    ("ecr.imagetag", &["requestParameters", "imageTag"]),
    ("iam.role", &["requestParameters", "roleName"]),
];

/// Fields that are shown as JSON.
const DOCUMENTS: [(&str, &str); 5] = [
    ("ct.response", "responseElements"),
    ("ct.request", "requestParameters"),
    ("ct.additionaleventdata", "additionalEventData"),
    ("ct.serviceeventdetails", "serviceEventDetails"),
    ("ct.edgedevicedetails", "edgeDeviceDetails"),
];

fn field<'e>(document: &'e Json, field: &FieldRef, arena: &'e Arena) -> Values<'e> {
    let text = |keys: &[&str]| document.at(keys).map(|value| value.text().unwrap_or_default());
    if let Some((_, path)) = TEXTS.iter().find(|(name, _)| *name == field.name) {
        return Values::text(text(path));
    }
    if let Some((_, key)) = DOCUMENTS.iter().find(|(name, _)| *name == field.name) {
        return Json::field(document.get(key), arena);
    }
    let yes = |key: &str| {
        Values::text(document.get(key).map(|it| if it.is_true() { "true" } else { "false" }))
    };
    let made = |text: String| Values::text(Some(arena.alloc_str(&text)));
    let one = || Values::One(Value::Unsigned(1));
    let name = text(&["eventName"]);
    match field.name {
        "ct.shortsrc" => Values::text(text(&["eventSource"]).map(|source| {
            let short = source.strip_suffix(".amazonaws.com").filter(|short| !short.is_empty());
            short.unwrap_or(source)
        })),
        "ct.user" => Values::text(user(document)),
        "ct.originaluser" => Values::text(match text(&["userIdentity", "type"]) {
            Some("AssumedRole") => session(document),
            _ => text(&["userIdentity", "userName"]),
        }),
        "ct.user.accountid" => Values::text(
            text(&["userIdentity", "accountId"]).or_else(|| text(&["recipientAccountId"])),
        ),
        "ct.managementevent" => yes("managementEvent"),
        "ct.readonly" => yes("readOnly"),
        "ct.sessioncredentialfromconsole" => yes("sessionCredentialFromConsole"),
        "ct.resources" => match document.get("resources").and_then(Json::items) {
            Some([]) | None => Values::Absent,
            Some(all) => made(all.iter().map(Json::to_string).collect::<Vec<_>>().join(",")),
        },
        "ct.info" => made(info(document)),
        "iam.policy" => Values::text(text(&["requestParameters", "policyName"])),
        "s3.uri" => match uri(document) {
            Some(uri) => made(uri),
            None => Values::Absent,
        },
        "s3.bytes" => number(bytes(document, &["bytesTransferredIn", "bytesTransferredOut"])),
        "s3.bytes.in" => number(bytes(document, &["bytesTransferredIn"])),
        "s3.bytes.out" => number(bytes(document, &["bytesTransferredOut"])),
        "s3.cnt.get" if name == Some("GetObject") => one(),
        "s3.cnt.put" if name == Some("PutObject") => one(),
        "s3.cnt.other" if !matches!(name, Some("GetObject" | "PutObject")) => one(),
        "ec2.name" => Values::text(instance_name(document)),
        "ec2.imageid" => images(document, Some(0), arena).as_slice().first().copied().into(),
        "ec2.imageids" => {
            let index = field.index().map(|it| usize::try_from(it).unwrap_or(usize::MAX));
            images(document, index, arena)
        }
        _ => Values::Absent,
    }
}

fn number<'e>(number: Option<u64>) -> Values<'e> {
    number.map(Value::Unsigned).into()
}

fn user(document: &Json) -> Option<&str> {
    let text = |keys: &[&str]| document.at(keys).map(|value| value.text().unwrap_or_default());
    match text(&["userIdentity", "type"])? {
        "Root" | "IAMUser" => text(&["userIdentity", "userName"]),
        "AWSService" => text(&["userIdentity", "invokedBy"]),
        "AssumedRole" => Some(
            text(&["userIdentity", "sessionContext", "sessionIssuer", "userName"])
                .unwrap_or("AssumedRole"),
        ),
        "AWSAccount" => Some("AWSAccount"),
        "FederatedUser" => Some("FederatedUser"),
        _ => None,
    }
}

/// The name of an assumed role's session.
fn session(document: &Json) -> Option<&str> {
    let of = |key| document.at(&["userIdentity", key]).and_then(Json::text);
    if let Some(arn) = of("arn")
        && let [_, _, name] = arn.split('/').collect::<Vec<_>>().as_slice()
    {
        return Some(name);
    }
    match of("principalId")?.split(':').collect::<Vec<_>>().as_slice() {
        [_, name] => Some(name),
        _ => None,
    }
}

fn uri(document: &Json) -> Option<String> {
    let of = |key| document.at(&["requestParameters", key]).and_then(Json::text);
    Some(format!("s3://{}/{}", of("bucketName")?, of("key")?))
}

/// The sum of what was transferred; none where nothing is told of it.
fn bytes(document: &Json, keys: &[&str]) -> Option<u64> {
    let told = keys.iter().filter_map(|key| document.at(&["additionalEventData", key]));
    told.map(|value| {
        let Json::Plain(text) = value else { return 0 };
        // It is a whole number that is sometimes written as `33.0`.
        text.split('.').next().and_then(|whole| whole.parse().ok()).unwrap_or(0_u64)
    })
    .reduce(u64::saturating_add)
}

fn instance_name(document: &Json) -> Option<&str> {
    let items = document.at(&["requestParameters", "tagSpecificationSet", "items"])?.items()?;
    let of = |value: &Json, key, text| value.get(key).and_then(Json::text) == Some(text);
    let instances = items.iter().filter(|item| of(item, "resourceType", "instance"));
    let tags = instances.filter_map(|item| item.get("tags")?.items()).flatten();
    let mut named =
        tags.filter(|tag| of(tag, "key", "Name")).filter_map(|tag| tag.get("value")?.text());
    named.next_back().filter(|name| !name.is_empty())
}

fn images<'e>(document: &'e Json, index: Option<usize>, arena: &'e Arena) -> Values<'e> {
    if let Some(items) = document.at(&["responseElements", "instancesSet", "items"]) {
        let items = items.items().unwrap_or_default();
        let wanted = items.iter().enumerate().filter(|(at, _)| index.is_none_or(|it| it == *at));
        let ids = wanted.filter_map(|(_, item)| item.get("imageId")?.text());
        return texts(ids.filter(|id| !id.is_empty()), arena);
    }
    if index.is_some_and(|index| index > 0) {
        return Values::Absent;
    }
    let places: [&[&str]; 3] = [
        &["requestParameters", "imageId"],
        &["requestParameters", "DescribeFastLaunchImagesRequest", "ImageId", "content"],
        &["requestParameters", "launchSpecification", "imageId"],
    ];
    let found = places.iter().find_map(|path| document.at(path));
    texts(found.map(|id| id.text().unwrap_or_default()), arena)
}

/// Who did what from where, and whether it went well.
fn info(document: &Json) -> String {
    let of = |keys: &[&str]| document.at(keys).map(|value| value.text().unwrap_or_default());
    let Some(name) = of(&["eventName"]) else {
        return "<invalid cloudtrail event: eventName field missing>".to_owned();
    };
    let user = user(document).unwrap_or("<NA>");
    let address = of(&["sourceIPAddress"]).unwrap_or("<NA>");
    let failed = if document.get("errorCode").is_some() { "!" } else { "" };
    let changes = document.get("readOnly").is_some_and(|read_only| !read_only.is_true());
    let arrow = if changes { '→' } else { '←' };
    let mut text = if user == address {
        format!("{user} {failed}{arrow} {name}")
    } else {
        format!("{user} via {address} {failed}{arrow} {name}")
    };
    if let Some(size) = bytes(document, &["bytesTransferredIn", "bytesTransferredOut"]) {
        text.extend([" Size=", &size.to_string()]);
    }
    let more = uri(document)
        .map(|uri| format!(" URI={uri}"))
        .or_else(|| of(&["requestParameters", "bucketName"]).map(|it| format!(" Bucket={it}")))
        .or_else(|| of(&["requestParameters", "key"]).map(|it| format!(" Key={it}")))
        .or_else(|| of(&["requestParameters", "Host"]).map(|it| format!(" Host={it}")));
    text.push_str(&more.unwrap_or_default());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_where_the_plugin_reads_them() {
        let event = r#"{"eventVersion":"1.08","eventName":"PutObject","errorCode":"AccessDenied",
            "eventSource":"s3.amazonaws.com","readOnly":false,"sourceIPAddress":"1.2.3.4",
            "userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/r/me",
              "sessionContext":{"sessionIssuer":{"userName":"role"}}},
            "requestParameters":{"bucketName":"b","key":"k","imageId":"ami-1"},
            "additionalEventData":{"bytesTransferredIn":33.0},
            "resources":[{"type":"a"},{"type":"b"}]}"#;
        let document: Json = serde_json::from_str(event).unwrap();
        let shown = |name| {
            let reference = FieldRef::resolve(Source::AwsCloudtrail, name, None).unwrap();
            let arena = Arena::new();
            match field(&document, &reference, &arena).as_slice() {
                [] => "<NA>".to_owned(),
                [Value::Bytes(text)] => String::from_utf8_lossy(text).into_owned(),
                other => format!("{other:?}"),
            }
        };
        for (name, expected) in [
            ("ct.user", "role"),
            ("ct.originaluser", "me"),
            ("ct.shortsrc", "s3"),
            ("ct.readonly", "false"),
            ("ct.resources", r#"{"type":"a"},{"type":"b"}"#),
            ("ct.info", "role via 1.2.3.4 !→ PutObject Size=33 URI=s3://b/k"),
            ("s3.uri", "s3://b/k"),
            ("s3.bytes", "[Unsigned(33)]"),
            ("s3.cnt.put", "[Unsigned(1)]"),
            ("s3.cnt.get", "<NA>"),
            ("ec2.imageid", "ami-1"),
            ("ct.response", "<NA>"),
        ] {
            assert_eq!(shown(name), expected, "{name}");
        }
    }
}
