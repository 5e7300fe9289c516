//! Libraries that are known by heart: the group of famous artefacts, and classes that give away a
//! library which was copied into another archive without its metadata.
//!
//! A group is never guessed from a manifest: what stands there is as often the vendor, the
//! product or the module. An artefact that is not listed here keeps its bare name.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A class by which a library is recognised.
#[derive(Debug)]
pub(crate) struct Fingerprint {
    /// Maven group.
    pub(crate) group: &'static str,
    /// Maven artefact.
    pub(crate) artifact: &'static str,
    /// End of the path of a class; what precedes it is where the library was moved to.
    pub(crate) class: &'static str,
    /// Artefacts that have this class by right.
    pub(crate) also_in: &'static [&'static str],
}

const fn class(
    group: &'static str,
    artifact: &'static str,
    class: &'static str,
    also_in: &'static [&'static str],
) -> Fingerprint {
    Fingerprint { group, artifact, class, also_in }
}

/// All of them. A library may have several classes, for versions that lack one of them.
pub(crate) const FINGERPRINTS: &[Fingerprint] = &[
    class(LOG4J2, "log4j-core", JNDI_LOOKUP, &[]),
    class(LOG4J2, "log4j-core", "org/apache/logging/log4j/core/LoggerContext.class", &[]),
    class("log4j", "log4j", "org/apache/log4j/net/SocketServer.class", FORKS_OF_LOG4J),
    class("log4j", "log4j", "org/apache/log4j/net/JMSAppender.class", FORKS_OF_LOG4J),
    class("commons-fileupload", "commons-fileupload", "fileupload/MultipartStream.class", &[]),
    class(
        "commons-collections",
        "commons-collections",
        "org/apache/commons/collections/functors/InvokerTransformer.class",
        &["commons-collections-generic"],
    ),
    class(
        "org.apache.commons",
        "commons-collections4",
        "commons/collections4/functors/InvokerTransformer.class",
        &[],
    ),
    class("org.apache.commons", "commons-text", "commons/text/StringSubstitutor.class", &[]),
    class(
        "com.fasterxml.jackson.core",
        "jackson-databind",
        "com/fasterxml/jackson/databind/ObjectMapper.class",
        &[],
    ),
    class("org.yaml", "snakeyaml", "org/yaml/snakeyaml/Yaml.class", &["snakeyaml-android"]),
    class(SPRING, "spring-core", "org/springframework/core/SpringVersion.class", &["spring"]),
    class(
        SPRING,
        "spring-beans",
        "org/springframework/beans/CachedIntrospectionResults.class",
        &["spring"],
    ),
    class(
        SPRING,
        "spring-webmvc",
        "org/springframework/web/servlet/DispatcherServlet.class",
        &["spring"],
    ),
    class(
        "org.apache.struts",
        "struts2-core",
        "org/apache/struts2/dispatcher/Dispatcher.class",
        &[],
    ),
    class("com.thoughtworks.xstream", "xstream", "com/thoughtworks/xstream/XStream.class", &[]),
    class("com.alibaba", "fastjson", "com/alibaba/fastjson/JSON.class", &[]),
    class(
        "org.apache.shiro",
        "shiro-core",
        "org/apache/shiro/mgt/SecurityManager.class",
        &["shiro-all"],
    ),
    class("com.h2database", "h2", "org/h2/Driver.class", &["h2-mvstore"]),
];

/// The class without which the famous hole of log4j 2 is closed.
pub(crate) const JNDI_LOOKUP: &str = "org/apache/logging/log4j/core/lookup/JndiLookup.class";

const LOG4J2: &str = "org.apache.logging.log4j";
const SPRING: &str = "org.springframework";
const FORKS_OF_LOG4J: &[&str] = &["reload4j", "log4j-1.2-api", "apache-log4j-extras"];

static BY_CLASS_NAME: LazyLock<HashMap<&'static str, Vec<&'static Fingerprint>>> =
    LazyLock::new(|| {
        let mut map: HashMap<_, Vec<_>> = HashMap::new();
        for print in FINGERPRINTS {
            let name = print.class.rsplit('/').next().unwrap_or(print.class);
            map.entry(name).or_default().push(print);
        }
        map
    });

/// The library that the class at `path` belongs to, wherever it was moved.
pub(crate) fn fingerprint(path: &str) -> Option<&'static Fingerprint> {
    let name = path.rsplit('/').next()?;
    BY_CLASS_NAME.get(name)?.iter().copied().find(|print| {
        let before = path.strip_suffix(print.class);
        before.is_some_and(|before| before.is_empty() || before.ends_with('/'))
    })
}

/// Groups of artefacts by exact name.
const GROUPS: &[(&str, &[&str])] = &[
    ("classworlds", &["classworlds"]),
    ("com.github.jnr", &["jffi", "jnr-ffi", "jnr-posix"]),
    ("com.jayway.jsonpath", &["json-path"]),
    ("com.typesafe", &["config"]),
    ("io.projectreactor", &["reactor-core"]),
    ("javax.servlet.jsp", &["jsp-api"]),
    ("org.attoparser", &["attoparser"]),
    ("org.checkerframework", &["checker-qual"]),
    ("org.graalvm.sdk", &["graal-sdk"]),
    ("org.hibernate.common", &["hibernate-commons-annotations"]),
    ("org.json", &["json"]),
    ("org.lz4", &["lz4-java"]),
    ("org.mongodb", &["bson", "mongo-java-driver"]),
    ("org.reactivestreams", &["reactive-streams"]),
    ("org.springframework.amqp", &["spring-amqp", "spring-rabbit"]),
    ("org.springframework.kafka", &["spring-kafka"]),
    ("org.unbescape", &["unbescape"]),
    ("ant", &["ant"]),
    ("antlr", &["antlr"]),
    ("aopalliance", &["aopalliance"]),
    ("asm", &["asm"]),
    ("c3p0", &["c3p0"]),
    ("ch.qos.logback", &["logback-classic", "logback-core", "logback-access"]),
    ("com.alibaba", &["druid", "fastjson"]),
    ("com.fasterxml", &["classmate"]),
    ("com.fasterxml.jackson.core", &["jackson-annotations", "jackson-core", "jackson-databind"]),
    ("com.github.spotbugs", &["spotbugs", "spotbugs-annotations"]),
    ("com.google.code.gson", &["gson"]),
    ("com.google.guava", &["guava"]),
    ("com.google.inject", &["guice"]),
    ("com.google.protobuf", &["protobuf-java"]),
    ("com.h2database", &["h2"]),
    ("com.mchange", &["mchange-commons-java"]),
    ("com.oracle.database.jdbc", &["ojdbc8", "ojdbc11"]),
    ("com.squareup.okhttp3", &["okhttp"]),
    ("com.sun.mail", &["javax.mail"]),
    ("com.thoughtworks.xstream", &["xstream"]),
    ("com.zaxxer", &["HikariCP"]),
    ("commons-beanutils", &["commons-beanutils"]),
    ("commons-cli", &["commons-cli"]),
    ("commons-codec", &["commons-codec"]),
    ("commons-collections", &["commons-collections"]),
    ("commons-configuration", &["commons-configuration"]),
    ("commons-daemon", &["commons-daemon"]),
    ("commons-dbcp", &["commons-dbcp"]),
    ("commons-digester", &["commons-digester"]),
    ("commons-discovery", &["commons-discovery"]),
    ("commons-fileupload", &["commons-fileupload"]),
    ("commons-httpclient", &["commons-httpclient"]),
    ("commons-io", &["commons-io"]),
    ("commons-jxpath", &["commons-jxpath"]),
    ("commons-lang", &["commons-lang"]),
    ("commons-logging", &["commons-logging"]),
    ("commons-net", &["commons-net"]),
    ("commons-pool", &["commons-pool"]),
    ("commons-validator", &["commons-validator"]),
    ("dom4j", &["dom4j"]),
    ("hsqldb", &["hsqldb"]),
    (
        "io.netty",
        &["netty-all", "netty-codec-http", "netty-codec", "netty-handler", "netty-common"],
    ),
    ("io.undertow", &["undertow-core", "undertow-servlet"]),
    ("javax.servlet", &["javax.servlet-api", "servlet-api", "jstl"]),
    ("junit", &["junit"]),
    ("log4j", &["log4j", "apache-log4j-extras"]),
    ("mysql", &["mysql-connector-java"]),
    ("net.minidev", &["json-smart"]),
    ("net.sf.ehcache", &["ehcache"]),
    ("org.apache.activemq", &["activemq-all", "activemq-broker", "activemq-client"]),
    ("org.apache.ant", &["ant-launcher"]),
    (
        "org.apache.commons",
        &[
            "commons-collections4",
            "commons-compress",
            "commons-configuration2",
            "commons-csv",
            "commons-dbcp2",
            "commons-email",
            "commons-exec",
            "commons-lang3",
            "commons-math3",
            "commons-pool2",
            "commons-text",
            "commons-vfs2",
        ],
    ),
    ("org.apache.derby", &["derby", "derbyclient", "derbynet", "derbytools", "derbyshared"]),
    ("org.apache.httpcomponents.client5", &["httpclient5"]),
    ("org.apache.kafka", &["kafka-clients"]),
    (
        "org.elasticsearch",
        &[
            "elasticsearch",
            "elasticsearch-cli",
            "elasticsearch-core",
            "elasticsearch-geo",
            "elasticsearch-plugin-classloader",
            "elasticsearch-secure-sm",
            "elasticsearch-x-content",
        ],
    ),
    (
        "org.elasticsearch.client",
        &["elasticsearch-rest-client", "elasticsearch-rest-high-level-client"],
    ),
    (
        "org.elasticsearch.plugin",
        &[
            "aggs-matrix-stats-client",
            "lang-mustache-client",
            "mapper-extras-client",
            "parent-join-client",
            "percolator-client",
            "rank-eval-client",
            "reindex-client",
            "transport-netty4-client",
        ],
    ),
    ("net.java.dev.jna", &["jna", "jna-platform"]),
    ("org.scala-lang", &["scala-library", "scala-reflect", "scala-compiler"]),
    ("org.apache.httpcomponents", &["httpclient", "httpcore", "httpmime", "httpasyncclient"]),
    ("org.apache.mina", &["mina-core"]),
    ("org.apache.poi", &["poi", "poi-ooxml"]),
    ("org.apache.shiro", &["shiro-core", "shiro-web", "shiro-spring", "shiro-all"]),
    ("org.apache.struts", &["struts2-core", "struts-core"]),
    ("org.apache.thrift", &["libthrift"]),
    ("org.apache.tika", &["tika-core", "tika-parsers"]),
    (
        "org.apache.tomcat",
        &["tomcat-catalina", "tomcat-coyote", "tomcat-jasper", "tomcat-dbcp", "tomcat-util"],
    ),
    (
        "org.apache.tomcat.embed",
        &["tomcat-embed-core", "tomcat-embed-el", "tomcat-embed-websocket", "tomcat-embed-jasper"],
    ),
    ("org.apache.velocity", &["velocity", "velocity-engine-core"]),
    ("org.apache.xmlgraphics", &["batik-all", "fop"]),
    ("org.apache.zookeeper", &["zookeeper"]),
    ("org.aspectj", &["aspectjrt", "aspectjweaver"]),
    ("org.bouncycastle", &["bcprov-jdk15on", "bcprov-jdk18on", "bcpkix-jdk15on", "bcprov-jdk14"]),
    ("org.codehaus.groovy", &["groovy", "groovy-all"]),
    ("org.codehaus.jackson", &["jackson-mapper-asl", "jackson-core-asl", "jackson-jaxrs"]),
    ("org.codehaus.jettison", &["jettison"]),
    ("org.freemarker", &["freemarker"]),
    ("org.hibernate", &["hibernate-core", "hibernate-validator", "hibernate-entitymanager"]),
    ("org.javassist", &["javassist"]),
    ("org.jsoup", &["jsoup"]),
    ("org.mariadb.jdbc", &["mariadb-java-client"]),
    ("org.mozilla", &["rhino"]),
    ("org.ow2.asm", &["asm-commons", "asm-tree", "asm-util", "asm-analysis"]),
    ("org.postgresql", &["postgresql"]),
    ("org.quartz-scheduler", &["quartz"]),
    ("org.slf4j", &["slf4j-api", "slf4j-simple", "slf4j-log4j12", "jcl-over-slf4j"]),
    ("org.xerial", &["sqlite-jdbc"]),
    ("org.xerial.snappy", &["snappy-java"]),
    ("org.yaml", &["snakeyaml"]),
    ("oro", &["oro"]),
    ("velocity", &["velocity-dep"]),
    ("xalan", &["xalan", "serializer"]),
    ("xerces", &["xercesImpl"]),
    ("xml-apis", &["xml-apis"]),
];

/// Groups of artefacts by the beginning of their names, where no exact one is listed.
const GROUPS_BY_START: &[(&str, &str)] = &[
    ("log4j-", LOG4J2),
    ("jackson-dataformat-", "com.fasterxml.jackson.dataformat"),
    ("jackson-datatype-", "com.fasterxml.jackson.datatype"),
    ("jackson-module-", "com.fasterxml.jackson.module"),
    ("akka-", "com.typesafe.akka"),
    ("hadoop-", "org.apache.hadoop"),
    ("jetty-", "org.eclipse.jetty"),
    ("kotlin-", "org.jetbrains.kotlin"),
    ("lucene-", "org.apache.lucene"),
    ("micrometer-", "io.micrometer"),
    ("mongodb-driver-", "org.mongodb"),
    ("netty-", "io.netty"),
    ("reactor-netty", "io.projectreactor.netty"),
    ("solr-", "org.apache.solr"),
    ("spring-batch-", "org.springframework.batch"),
    ("spring-boot", "org.springframework.boot"),
    ("spring-cloud-", "org.springframework.cloud"),
    ("spring-data-", "org.springframework.data"),
    ("spring-integration-", "org.springframework.integration"),
    ("spring-security-", "org.springframework.security"),
    ("spring-session-", "org.springframework.session"),
    ("thymeleaf-extras-", "org.thymeleaf.extras"),
    ("thymeleaf", "org.thymeleaf"),
];

/// Modules of the Spring framework itself; many others begin with `spring-` too.
const SPRING_MODULES: [&str; 20] = [
    "aop",
    "aspects",
    "beans",
    "context",
    "context-support",
    "core",
    "expression",
    "instrument",
    "jcl",
    "jdbc",
    "jms",
    "messaging",
    "orm",
    "oxm",
    "test",
    "tx",
    "web",
    "webflux",
    "webmvc",
    "websocket",
];

/// The artefact behind the name of a bundle or module: `org.springframework.core` is
/// `spring-core`, `org.apache.tomcat-embed-core` is `tomcat-embed-core`.
pub(crate) fn artifact(name: &str) -> Cow<'_, str> {
    let module = name.strip_prefix("org.springframework.").map(|module| module.replace('.', "-"));
    if let Some(module) = module.filter(|module| SPRING_MODULES.contains(&module.as_str())) {
        return format!("spring-{module}").into();
    }
    let last = name.rsplit('.').next().unwrap_or(name);
    if group(last).is_some() { last.into() } else { name.into() }
}

/// The group of a well-known artefact of this version, where the group changed with one.
pub(crate) fn group_at(artifact: &str, version: &str) -> Option<&'static str> {
    let major: Option<u32> = version.split('.').next().and_then(|major| major.parse().ok());
    match artifact {
        "asm" if major >= Some(4) => Some("org.ow2.asm"),
        _ => group(artifact),
    }
}

/// The group of a well-known artefact.
pub(crate) fn group(artifact: &str) -> Option<&'static str> {
    let exact = GROUPS.iter().find(|(_, artifacts)| artifacts.contains(&artifact));
    if let Some((group, _)) = exact {
        return Some(group);
    }
    if artifact.strip_prefix("spring-").is_some_and(|module| SPRING_MODULES.contains(&module)) {
        return Some(SPRING);
    }
    let start = GROUPS_BY_START.iter().find(|(start, _)| artifact.starts_with(start));
    start.map(|(_, group)| *group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_gives_a_library_away_wherever_it_was_moved() {
        let of = |path| fingerprint(path).map(|print| print.artifact);
        assert_eq!(of(JNDI_LOOKUP), Some("log4j-core"));
        assert_eq!(of("WEB-INF/classes/org/h2/Driver.class"), Some("h2"));
        let tomcat = "org/apache/tomcat/util/http/fileupload/MultipartStream.class";
        assert_eq!(of(tomcat), Some("commons-fileupload"));
        assert_eq!(of("com/acme/Driver.class"), None);
        assert_eq!(of("xorg/h2/Driver.class"), None);
    }

    #[test]
    fn groups_are_known_and_never_guessed() {
        assert_eq!(group("commons-lang3"), Some("org.apache.commons"));
        assert_eq!(group("spring-webmvc"), Some("org.springframework"));
        assert_eq!(group("spring-boot-loader"), Some("org.springframework.boot"));
        assert_eq!(group("spring-of-mine"), None);
        assert_eq!(group("acme-core"), None);
        assert_eq!(group_at("asm", "3.3.1"), Some("asm"));
        assert_eq!(group_at("asm", "7.1"), Some("org.ow2.asm"));
        assert_eq!(artifact("org.springframework.web.servlet"), "org.springframework.web.servlet");
        assert_eq!(artifact("org.springframework.core"), "spring-core");
        assert_eq!(artifact("org.apache.tomcat-embed-core"), "tomcat-embed-core");
    }
}
