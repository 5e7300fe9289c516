{{/* What every role of `plimsoll serve` has: (list . ROLE WORKERS). */}}
{{- define "plimsoll.serve" -}}
{{- $root := index . 0 -}}
- serve
- --role={{ index . 1 }}
- --workers={{ index . 2 }}
- --data-dir=/var/lib/plimsoll
- --db=/var/lib/plimsoll/db
- --introspection=0.0.0.0:6061
{{- if $root.Values.server.keySecret }}
- --secret-key=/etc/plimsoll/key/secret.key
{{- end }}
{{- range $root.Values.server.allowNetworks }}
- --allow-network={{ . }}
{{- end }}
{{- end -}}

{{- define "plimsoll.serveEnv" -}}
- name: PLIMSOLL_CACHE_DIR
  value: /var/lib/plimsoll/cache
{{- if eq .Values.server.store.kind "postgres" }}
- name: PLIMSOLL_STORE
  valueFrom:
    secretKeyRef:
      name: {{ .Values.server.store.existingSecret }}
      key: {{ .Values.server.store.key }}
{{- end }}
{{- if eq .Values.server.store.kind "postgres" }}
{{- with .Values.server.blobs.s3 }}
- name: PLIMSOLL_BLOBS
  value: {{ . | quote }}
{{- end }}
{{- with .Values.server.queue }}
- name: PLIMSOLL_QUEUE
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- with .Values.server.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Each pod has its own folder; with PostgreSQL all share the blobs and the advisories in it. */}}
{{- define "plimsoll.serveMounts" -}}
- name: data
  mountPath: /var/lib/plimsoll
- name: tmp
  mountPath: /tmp
{{- if eq .Values.server.store.kind "postgres" }}
{{- if not .Values.server.blobs.s3 }}
- name: shared
  mountPath: /var/lib/plimsoll/blobs
  subPath: blobs
{{- end }}
- name: shared
  mountPath: /var/lib/plimsoll/db
  subPath: db
{{- end }}
{{- if .Values.server.keySecret }}
- name: key
  mountPath: /etc/plimsoll/key
  readOnly: true
{{- end }}
{{- end -}}

{{- define "plimsoll.serveVolumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 8Gi
{{- if eq .Values.server.store.kind "postgres" }}
- name: shared
  persistentVolumeClaim:
    claimName: {{ default (printf "%s-shared" (include "plimsoll.fullname" .)) .Values.server.shared.existingClaim }}
{{- end }}
{{- with .Values.server.keySecret }}
- name: key
  secret:
    secretName: {{ . }}
    items:
      - key: secret.key
        path: secret.key
{{- end }}
{{- end -}}

{{/* Who asks S3, by the names that AWS's own programs know. */}}
{{- define "plimsoll.serveEnvFrom" -}}
{{- with .Values.server.blobs.existingSecret }}
envFrom:
  - secretRef:
      name: {{ . }}
{{- end }}
{{- end -}}
