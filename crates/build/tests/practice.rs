//! Rules on practice and secrets: for each what it finds, and what looks like it and is not.

use plimsoll_build::syntax::Dockerfile;
use plimsoll_build::{Config, Environment, Source, lint};

/// A rule, what it finds, what it does not. A text without `FROM` stands behind one.
type Cases = (&'static str, &'static [&'static str], &'static [&'static str]);

const CASES: &[Cases] = &[
    (
        "PL1201",
        &["FROM nginx:1.29\nCOPY site /usr/share/nginx/html\n", "FROM scratch\nCMD [\"/app\"]\n"],
        &[
            "FROM example.com/base:1\nCMD [\"app\"]\n",
            "ARG P\nFROM ${P}alpine:3\nCMD [\"app\"]\n",
            "FROM postgres:17\nCOPY init.sql /docker-entrypoint-initdb.d/\n",
            "FROM debian:12\nRUN apt-get install -y gosu=1.17\nENTRYPOINT [\"/entrypoint.sh\"]\n",
            "FROM debian:12\nENTRYPOINT [\"su-exec\", \"app\", \"server\"]\n",
            "FROM scratch\nADD rootfs.tar.xz /\n",
            "FROM debian:12 AS base\nUSER 1000\nFROM base\nCMD [\"app\"]\n",
            "FROM node:22 AS build\nRUN make\nFROM debian:12 AS check\nRUN make check\n",
        ],
    ),
    (
        "PL1202",
        &["EXPOSE 443\nUSER 1000\n"],
        &[
            "EXPOSE 443\nUSER root\n",
            "EXPOSE 443\n",
            "EXPOSE 8443\nUSER 1000\n",
            "RUN setcap cap_net_bind_service=+ep /usr/bin/app\nEXPOSE 443\nUSER 1000\n",
            "EXPOSE 443\nARG U\nUSER $U\n",
        ],
    ),
    (
        "PL1203",
        &["EXPOSE 80\nCMD [\"app\"]\n"],
        &["CMD [\"app\"]\n", "EXPOSE 80\nHEALTHCHECK NONE\n", "FROM example.com/x:1\nEXPOSE 80\n"],
    ),
    (
        "PL1205",
        &[
            "HEALTHCHECK CMD curl http://localhost/\n",
            "HEALTHCHECK CMD [\"curl\", \"http://localhost/\"]\n",
            "HEALTHCHECK CMD curl -sS localhost || exit 1\n",
            "HEALTHCHECK CMD curl -f http://localhost/ || true\n",
            "HEALTHCHECK CMD /check || exit 0\n",
        ],
        &[
            "HEALTHCHECK CMD curl -fsS http://localhost/\n",
            "HEALTHCHECK CMD curl --fail http://localhost/ || exit 1\n",
            "HEALTHCHECK CMD curl -s http://localhost/ | grep ok\n",
            "HEALTHCHECK CMD test \"$(curl -s -o /dev/null -w '%{http_code}' localhost)\" = 200\n",
            "HEALTHCHECK CMD curl --version\n",
            "RUN curl http://example.com/\n",
            "HEALTHCHECK CMD wget -q --spider http://localhost/ || exit 1\n",
        ],
    ),
    ("PL1207", &["HEALTHCHECK NONE\n"], &["HEALTHCHECK CMD [\"none\"]\n"]),
    (
        "PL1209",
        &[
            "RUN apt-get update && apt-get install -y openssh-server\n",
            "CMD [\"/usr/sbin/sshd\", \"-D\"]\n",
        ],
        &["RUN apt-get install -y openssh-client\n", "RUN apt-get purge -y openssh-server\n"],
    ),
    (
        "PL1210",
        &[
            "WORKDIR /a\nCOPY . .\nRUN npm ci\n",
            "WORKDIR /a\nCOPY . /a\nRUN pip install --no-cache-dir -r requirements.txt\n",
            "WORKDIR /a\nCOPY . .\nRUN set -eux; go mod download\n",
            "WORKDIR /a\nADD ./ ./\nRUN bundle install\n",
            "WORKDIR /a\nCOPY . .\nRUN mvn -q package\n",
            "WORKDIR /a\nCOPY . .\nRUN cargo build --release\n",
        ],
        &[
            "WORKDIR /a\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\n",
            "WORKDIR /a\nCOPY . .\nRUN npm run build\n",
            "WORKDIR /a\nCOPY pom.xml .\nRUN mvn dependency:go-offline\nCOPY . .\nRUN mvn package\n",
            "WORKDIR /a\nCOPY . .\nRUN --mount=type=cache,target=/r cargo build\n",
            "FROM rust:1.90 AS a\nRUN cargo chef cook\nFROM rust:1.90\nCOPY . .\nRUN cargo build\n",
            "WORKDIR /a\nCOPY . .\nRUN npm install -g serve@14\n",
            "WORKDIR /a\nCOPY --from=x . .\nRUN npm ci\n",
            "WORKDIR /a\nCOPY . .\nRUN pip install --no-cache-dir gunicorn==23\n",
        ],
    ),
    (
        "PL1211",
        &[
            "EXPOSE 80\nCMD gunicorn -b 0.0.0.0:8000 app\n",
            "EXPOSE 80\nCMD [\"python\", \"-m\", \"http.server\", \"8000\"]\n",
            "FROM python:3.13\nCMD uvicorn app:app --port 8000\n",
            "EXPOSE 80\nENTRYPOINT [\"python\", \"manage.py\", \"runserver\", \"0.0.0.0:8000\"]\n",
        ],
        &[
            "FROM example.com/python:3\nCMD uvicorn app:app --port 8000\n",
            "EXPOSE 8000\nCMD gunicorn --bind 0.0.0.0:8000 app\n",
            "EXPOSE 8000-8010\nCMD gunicorn --bind=:8005 app\n",
            "ARG P\nEXPOSE $P\nCMD gunicorn --bind :8005 app\n",
            "EXPOSE 80\nCMD gunicorn --bind unix:/run/app.sock app\n",
            "EXPOSE 80\nCMD gunicorn -b :$PORT app\n",
            "EXPOSE 80\nCMD [\"myserver\", \"-p\", \"8000\"]\n",
        ],
    ),
    (
        "PL1212",
        &["ADD https://example.com/a.tgz /tmp/\n", "ADD [\"http://example.com/a\", \"/a\"]\n"],
        &["ADD a.tgz /tmp/\n", "ADD https://example.com/a.git#v1 /a\n"],
    ),
    (
        "PL1213",
        &[
            "ADD git@github.com:example/a.git /a\n",
            "ADD https://example.com/a.git#main /a\n",
            "ADD https://example.com/a.git?branch=master /a\n",
            "ADD https://example.com/a.git#:sub /a\n",
        ],
        &[
            "ADD https://example.com/a.git#v1.2 /a\n",
            "ADD https://example.com/a.git?tag=v1&checksum=abc123 /a\n",
            "ARG V\nADD https://example.com/a.git#$V /a\n",
        ],
    ),
    (
        "PL1214",
        &[
            "RUN curl -sL https://example.com/i | bash -\n",
            "RUN curl -sL https://example.com/i | sudo -E bash -\n",
            "RUN wget -qO- https://example.com/i | sh -s -- -y\n",
            "RUN curl https://example.com/i | tee /i | sh\n",
            "RUN bash -c \"$(curl -fsSL https://example.com/i)\"\n",
            "SHELL [\"/bin/bash\", \"-c\"]\nRUN bash <(curl -s https://example.com/i)\n",
            "RUN eval \"$(curl -s https://example.com/i)\"\n",
            "RUN curl -s https://example.com/get.py | python3\n",
        ],
        &[
            "RUN curl -s https://example.com/key | gpg --dearmor > /k\n",
            "RUN curl -s https://example.com/a.json | python3 -m json.tool\n",
            "RUN curl -s https://example.com/a.json | python3 -c 'import sys'\n",
            "RUN V=$(curl -s https://example.com/v) && make V=$V\n",
            "RUN curl -so /i https://example.com/i && sh -c 'make'\n",
            "RUN echo make | sh\n",
        ],
    ),
    (
        "PL1215",
        &[
            "RUN curl -L https://example.com/a.tgz | tar xz\n",
            "RUN wget https://example.com/a.deb && dpkg -i a.deb\n",
            "RUN wget -O /usr/local/bin/t https://example.com/t && chmod +x /usr/local/bin/t\n",
            "RUN curl https://example.com/t > /bin/t && chmod 755 /bin/t\n",
            "RUN curl -O https://example.com/i.sh && sh i.sh\n",
        ],
        &[
            "RUN curl -L https://example.com/a.tgz -o a && echo 'x a' | sha256sum -c && tar xf a\n",
            "RUN curl -O https://example.com/a.asc -O https://example.com/a.tgz && gpg --verify a.asc a.tgz && tar xf a.tgz\n",
            "RUN curl -o /etc/a.json https://example.com/a.json\n",
            "RUN curl -fsSL https://example.com/k.asc -o /k.asc && chmod 644 /k.asc\n",
            "RUN tar xf a.tgz\n",
        ],
    ),
    (
        "PL1216",
        &[
            "RUN curl -Lk https://example.com/a\n",
            "RUN curl --insecure https://example.com/a\n",
            "RUN wget --no-check-certificate https://example.com/a\n",
            "RUN pip install --trusted-host pypi.org x==1\n",
            "RUN npm config set strict-ssl false\n",
            "RUN git -c http.sslVerify=false clone https://example.com/a\n",
            "RUN git config --global http.sslVerify false\n",
            "ENV NODE_TLS_REJECT_UNAUTHORIZED=0\n",
            "ENV PYTHONHTTPSVERIFY 0\n",
            "RUN GIT_SSL_NO_VERIFY=true git clone https://example.com/a\n",
        ],
        &[
            "RUN curl -sSfL https://example.com/a\n",
            "RUN npm config set strict-ssl true\n",
            "ENV NODE_TLS_REJECT_UNAUTHORIZED=1\n",
            "HEALTHCHECK CMD curl -kf https://localhost/\n",
            "RUN curl -k https://localhost:8443/\n",
        ],
    ),
    (
        "PL1217",
        &[
            "RUN apt-get install -y --allow-unauthenticated x\n",
            "RUN apk add --allow-untrusted x.apk\n",
            "RUN rpm -i --nodigest x.rpm\n",
            "RUN yum install -y --nogpgcheck x\n",
            "RUN echo 'deb [trusted=yes] http://example.com /' > /etc/apt/sources.list.d/x.list\n",
            "RUN printf '[x]\\ngpgcheck=0\\n' > /etc/yum.repos.d/x.repo\n",
        ],
        &[
            "RUN apt-get install -y x\n",
            "RUN sed -i 's/gpgcheck=0/gpgcheck=1/' /etc/yum.repos.d/x.repo\n",
            "RUN echo 'repo_gpgcheck=0' >> /etc/yum.repos.d/x.repo\n",
        ],
    ),
    (
        "PL1218",
        &["RUN chmod u+s /bin/a\n", "RUN chmod 6755 /bin/a\n", "COPY --chmod=4755 a /bin/a\n"],
        &[
            "RUN chmod u-s /bin/a\n",
            "RUN chmod 2775 /srv/shared\n",
            "RUN find / -perm /6000 -exec chmod a-s {} +\n",
            "RUN chmod 755 /bin/a\n",
        ],
    ),
    (
        "PL1219",
        &["RUN chmod -R 777 /srv\n", "RUN chmod a+w /srv\n", "COPY --chmod=0666 a /srv/a\n"],
        &[
            "RUN chmod 1777 /srv\n",
            "RUN chmod 777 /tmp/x\n",
            "RUN chmod +w /srv\n",
            "RUN chmod go-w /srv\n",
            "FROM debian:12 AS b\nRUN chmod 777 /srv\nFROM debian:12\nCOPY --from=b /srv/a /a\n",
        ],
    ),
    (
        "PL1220",
        &[
            "COPY package*.json ./\nRUN npm install\n",
            "COPY package.json package-lock.json /a/\nRUN npm i --omit=dev\n",
        ],
        &[
            "COPY package.json ./\nRUN npm install\n",
            "COPY package-lock.json ./\nRUN npm install -g x@1\n",
            "COPY package-lock.json ./\nRUN npm install left-pad@1\n",
            "COPY package-lock.json ./\nRUN npm ci\n",
            "RUN npm install\nCOPY package-lock.json ./\n",
        ],
    ),
    (
        "PL1221",
        &[
            "FROM node:22\nRUN npm ci --only=production\n",
            "FROM node:lts\nRUN npm install --production\n",
            "FROM node:18-alpine\nRUN npm prune --production\n",
        ],
        &[
            "FROM node:14\nRUN npm ci --only=production\n",
            "FROM node:22\nRUN npm ci --omit=dev\n",
            "FROM node:22\nRUN yarn install --production\n",
        ],
    ),
    (
        "PL1222",
        &[
            "FROM node:22\nRUN npm ci\nCMD [\"node\", \"a.js\"]\n",
            "FROM php:8.4\nRUN composer install\nCMD [\"php\", \"a.php\"]\n",
        ],
        &[
            "FROM node:22\nENV NODE_ENV=production\nRUN npm ci\nCMD [\"node\", \"a.js\"]\n",
            "FROM node:22\nRUN npm ci && npm run build && npm prune --omit=dev\nCMD [\"node\", \"a\"]\n",
            "FROM node:22 AS b\nRUN npm ci\nFROM node:22\nCOPY --from=b /a /a\nCMD [\"node\", \"a\"]\n",
            "FROM node:22 AS dev\nRUN npm ci\nCMD [\"node\", \"a.js\"]\n",
            "FROM node:22\nRUN npm ci\nCMD [\"npm\", \"start\"]\n",
            "FROM node:22\nRUN NODE_ENV=production npm ci\nCMD [\"node\", \"a.js\"]\n",
            "FROM php:8.4\nRUN composer install --no-dev\nCMD [\"php\", \"a.php\"]\n",
        ],
    ),
    (
        "PL1224",
        &[
            "COPY package.json yarn.lock ./\nRUN yarn\n",
            "COPY pnpm-lock.yaml ./\nRUN pnpm install\n",
        ],
        &[
            "COPY yarn.lock ./\nRUN yarn install --immutable\n",
            "COPY package.json ./\nRUN yarn\n",
            "COPY yarn.lock ./\nRUN yarn build\n",
            "ENV CI=true\nCOPY pnpm-lock.yaml ./\nRUN pnpm install\n",
        ],
    ),
    (
        "PL1226",
        &["RUN cargo install ripgrep\n", "RUN cargo +nightly install --path .\n"],
        &[
            "RUN cargo install --locked ripgrep\n",
            "RUN cargo build --release\n",
            "RUN cargo binstall x\n",
        ],
    ),
    (
        "PL1229",
        &[
            "RUN <<EOF\napt-get update\napt-get install -y x\nEOF\n",
            "RUN <<-EOF\n\tmake\n\tmake install\nEOF\n",
            "RUN <<EOF\n#!/bin/bash\nmake\nmake install\nEOF\n",
        ],
        &[
            "RUN <<EOF\nset -e\nmake\nmake install\nEOF\n",
            "RUN <<EOF\nset -o errexit\nmake\nmake install\nEOF\n",
            "RUN <<EOF\n#!/bin/sh -eux\nmake\nmake install\nEOF\n",
            "RUN <<EOF\nmake\nEOF\n",
            "RUN <<EOF\nmake && \\\nmake install\nEOF\n",
            "RUN <<EOF\necho a\nmake\nEOF\n",
            "SHELL [\"/bin/bash\", \"-ec\"]\nRUN <<EOF\nmake\nmake install\nEOF\n",
            "RUN <<EOF\n#!/usr/bin/env python3\nimport os\nprint(os)\nEOF\n",
            "COPY <<EOF /a\nmake\nmake install\nEOF\n",
        ],
    ),
    (
        "PL1230",
        &["FROM node:lts\n", "ARG T=stable-slim\nFROM debian:$T\n", "FROM alpine:edge\n"],
        &[
            "FROM node:24\n",
            "FROM debian:stable-20250811-slim\n",
            "FROM alpine:edge@sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d\n",
            "FROM debian:12 AS dev\nFROM dev\n",
            "ARG T\nFROM debian:$T\n",
        ],
    ),
    (
        "PL1232",
        &["COPY . /\n", "WORKDIR /\nCOPY . .\n"],
        &[
            "COPY rootfs /\n",
            "WORKDIR /app\nCOPY . .\n",
            "FROM scratch\nCOPY . /\n",
            "COPY --from=a . /\n",
        ],
    ),
    (
        "PL1234",
        &[
            "RUN apt-get update && apt-get full-upgrade -y\n",
            "RUN yum -y update && yum install -y x\n",
        ],
        &["RUN apt-get update && apt-get upgrade -y\n", "RUN yum -y update openssl\n"],
    ),
    (
        "PL1235",
        &["ENTRYPOINT app\nCMD [\"-x\"]\n", "ENTRYPOINT exec app\nCMD -x\n"],
        &[
            "ENTRYPOINT [\"app\"]\nCMD [\"-x\"]\n",
            "ENTRYPOINT exec app \"$@\"\nCMD [\"-x\"]\n",
            "ENTRYPOINT app\nCMD []\n",
            "ENTRYPOINT app\n",
        ],
    ),
    (
        "PL1236",
        &[
            "CMD npm start\n",
            "CMD [\"yarn\", \"run\", \"serve\"]\n",
            "ENTRYPOINT [\"tini\", \"--\", \"npm\", \"start\"]\n",
        ],
        &["CMD [\"node\", \"a.js\"]\n", "RUN npm start\n", "CMD [\"npm\", \"--version\"]\n"],
    ),
    (
        "PL1237",
        &["RUN systemctl start x\n", "RUN systemctl enable --now x\n", "RUN /etc/init.d/x start\n"],
        &[
            "RUN systemctl enable x\n",
            "RUN /etc/init.d/x start && x-setup\n",
            "CMD systemctl start x\n",
        ],
    ),
    (
        "PL1238",
        &[
            "VOLUME /data\nRUN chown 1000 /data\n",
            "VOLUME [\"/data\"]\nRUN echo a > /data/b\n",
            "ENV D=/data\nVOLUME $D\nRUN mkdir -p /data/x\n",
        ],
        &[
            "RUN chown 1000 /data\nVOLUME /data\n",
            "VOLUME /data\nRUN ls /data\n",
            "VOLUME /data\nRUN cp /data/a /srv/a\n",
            "VOLUME /data\nRUN mkdir /database\n",
            "FROM debian:12 AS a\nVOLUME /data\nFROM debian:12\nRUN mkdir /data\n",
        ],
    ),
    (
        "PL1239",
        &["VOLUME /etc\n", "VOLUME [\"/usr/\"]\n", "VOLUME /var/run/docker.sock\n"],
        &["VOLUME /etc/app\n", "VOLUME /var/lib/x\n"],
    ),
    (
        "PL1240",
        &["ENV PATH=/opt/bin\n", "ENV PATH='/opt/bin:$PATH'\n", "ENV PATH=~/bin:$PATH\n"],
        &[
            "ENV PATH=/opt/bin:$PATH\n",
            "ENV PATH /opt/bin:${PATH}\n",
            "ENV PATH=\"/opt/bin:/usr/local/sbin:/usr/bin:/bin\"\n",
            "FROM scratch\nENV PATH=/app\n",
            "ENV MANPATH=/opt\n",
        ],
    ),
    (
        "PL1241",
        &[
            "RUN cd /srv\n",
            "RUN export A=b\n",
            "RUN export A=b && export C=d\n",
            "RUN su - app\n",
            "RUN . /venv/bin/activate\n",
            "SHELL [\"/bin/bash\", \"-c\"]\nRUN source /venv/bin/activate\n",
            "RUN umask 027\n",
        ],
        &[
            "RUN cd /srv && make\n",
            "RUN export A=$(make-key)\n",
            "RUN su - app -c make\n",
            "RUN set -e\n",
            "RUN export A=b > /log\n",
            "RUN alias\\ x\n",
        ],
    ),
    (
        "PL1243",
        &["RUN --security=insecure make\n", "RUN --network=host make\n"],
        &["RUN --network=none make\n", "RUN --mount=type=cache,target=/c make\n"],
    ),
    (
        "PL1245",
        &[
            "ENV FLASK_DEBUG=1\nCMD [\"gunicorn\", \"a\"]\n",
            "ENV ASPNETCORE_ENVIRONMENT=Development\n",
            "ENV NODE_ENV development\n",
            "CMD uvicorn a:a --reload\n",
            "CMD [\"python\", \"manage.py\", \"runserver\"]\n",
            "CMD [\"node\", \"--inspect=0.0.0.0:9229\", \"a.js\"]\n",
        ],
        &[
            "ENV NODE_ENV=production\n",
            "ENV NODE_ENV=development\nRUN make\nENV NODE_ENV=production\n",
            "FROM debian:12 AS dev\nENV NODE_ENV=development\n",
            "CMD [\"node\", \"--inspect\", \"a.js\"]\n",
            "CMD [\"app\", \"--debug-level\", \"0\"]\n",
        ],
    ),
    (
        "PL1502",
        &[
            "ENV U=https://bot:Xk3lQ9z@git.internal.test/\n",
            "RUN git clone https://bot:Xk3lQ9z@git.internal.test/a\n",
        ],
        &[
            "ARG T\nRUN git clone https://x:$T@git.internal.test/a\n",
            "ENV DB=postgres://a:b1c2@localhost/db\n",
            "RUN git clone ssh://git@git.internal.test:22/a\n",
            "ENV A=http://host:8080/@x\n",
        ],
    ),
    (
        "PL1503",
        &[
            "COPY id_rsa /root/.ssh/\n",
            "COPY .env ./\n",
            "COPY .git .git\n",
            "COPY .npmrc package.json ./\n",
            "COPY .aws/credentials /root/.aws/credentials\n",
            "FROM debian:12 AS b\nCOPY id_ed25519 /k\nFROM debian:12\n",
        ],
        &[
            "COPY ca.pem /etc/ssl/certs/\n",
            "COPY id_rsa.pub /root/.ssh/authorized_keys\n",
            "COPY .env.example .env\n",
            "COPY .gitignore ./\n",
            "FROM node:22 AS b\nCOPY .npmrc ./\nFROM node:22\n",
            "COPY docker.key /etc/apt/keyrings/\n",
        ],
    ),
    (
        "PL1504",
        &[
            "RUN echo 'root:hunter22' | chpasswd\n",
            "RUN echo hunter22 | passwd --stdin root\n",
            "RUN passwd -d root\n",
            "RUN useradd -p '' app\n",
            "RUN sshpass -p hunter22 ssh host\n",
            "RUN curl -u bot:hunter22 https://example.com/\n",
            "RUN PGPASSWORD=hunter22 psql -c 'select 1'\n",
        ],
        &[
            "ARG P\nRUN echo \"root:$P\" | chpasswd\n",
            "RUN useradd -p '*' app\n",
            "RUN usermod -p '!' app\n",
            "RUN passwd -l root\n",
            "RUN curl -u \"$U:$P\" https://example.com/\n",
            "RUN --mount=type=secret,id=p echo \"root:$(cat /run/secrets/p)\" | chpasswd\n",
            "RUN echo 'a:b' | tee /etc/x\n",
        ],
    ),
    (
        "PL1505",
        &["RUN docker login -u a -p $P\n", "RUN npm config set //r/:_authToken $T\n"],
        &[
            "RUN docker login -u a -p $P && docker pull x && docker logout\n",
            "RUN aws configure set region eu-central-1\n",
            "FROM debian:12 AS b\nRUN docker login -u a -p $P\nFROM debian:12\n",
        ],
    ),
    (
        "PL1506",
        &[
            "ARG NPM_TOKEN\nRUN echo $NPM_TOKEN > /root/.npmrc\n",
            "ARG DB_PASSWORD=x\nRUN setup \"${DB_PASSWORD}\"\n",
        ],
        &[
            "ARG NPM_TOKEN\nRUN npm ci\n",
            "RUN --mount=type=secret,id=t,env=NPM_TOKEN setup $NPM_TOKEN\n",
            "ARG NPM_TOKEN\nRUN --mount=type=secret,id=t,env=NPM_TOKEN setup $NPM_TOKEN\n",
            "ARG AUTH_MODE\nRUN setup $AUTH_MODE\n",
            "ARG TOKEN_URL\nRUN curl $TOKEN_URL\n",
            "ENV API_KEY=x\nRUN setup $API_KEY\n",
        ],
    ),
];

fn lines_of(text: &str, id: &str) -> usize {
    let whole =
        if text.contains("FROM ") { text.to_owned() } else { format!("FROM debian:12\n{text}") };
    let file = Dockerfile::parse(Source::new(whole));
    let found = lint(&file, &Config::default(), &Environment::default()).findings;
    found.iter().filter(|finding| finding.rule.id == id).count()
}

#[test]
fn each_rule_finds_what_it_is_for_and_not_what_looks_like_it() {
    let mut wrong = Vec::new();
    for (id, bad, good) in CASES {
        for text in *bad {
            if lines_of(text, id) == 0 {
                wrong.push(format!("{id} is not found in\n{text}"));
            }
        }
        for text in *good {
            if lines_of(text, id) > 0 {
                wrong.push(format!("{id} is found in\n{text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// <https://github.com/moby/buildkit/issues/5775>: names that only sound like secrets.
#[test]
fn names_alone_are_no_secrets() {
    let text = "FROM debian:12\nARG AUTH_MODE=oidc\nENV KEY_ALIAS=release TOKEN_TTL=3600\n\
                ENV AWS_ACCESS_KEY_ID=AKIAQ4XJ2MZP7T3LDRNB\nCOPY ca.crt /usr/local/share/ca-certificates/\n\
                RUN setup --mode $AUTH_MODE --alias $KEY_ALIAS\n";
    let file = Dockerfile::parse(Source::new(text));
    let found = lint(&file, &Config::default(), &Environment::default()).findings;
    let secrets: Vec<_> = found.iter().filter(|one| one.rule.id.starts_with("PL15")).collect();
    assert!(secrets.is_empty(), "{secrets:?}");
}

/// Put together here, so that no scanner of this repository takes it for real.
#[test]
fn a_credential_is_found_anywhere_and_its_value_is_in_no_message() {
    let token = format!("{}{}", "ghp_", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0xLq2R4");
    for line in [
        format!("ENV X={token}"),
        format!("ARG anything={token}"),
        format!("RUN curl -H 'Authorization: token {token}' https://api.github.com/user"),
        format!("RUN <<EOF\nset -e\necho {token}\nEOF"),
        format!("COPY <<EOF /etc/token\n{token}\nEOF"),
        format!("LABEL note=\"{token}\""),
    ] {
        let text = format!("FROM debian:12\n{line}\n");
        let file = Dockerfile::parse(Source::new(text));
        let found = lint(&file, &Config::default(), &Environment::default()).findings;
        let found: Vec<_> = found.iter().filter(|one| one.rule.id == "PL1501").collect();
        let [one] = found.as_slice() else { panic!("{line}: {found:?}") };
        assert_eq!(file.source.slice(one.span), token, "{line}");
        assert!(!one.message.contains(&token), "{}", one.message);
    }
}
