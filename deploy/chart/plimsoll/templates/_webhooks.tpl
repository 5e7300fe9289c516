{{/* Whether pods get digests, which needs the mutating webhook: whoever may change that may change every pod. */}}
{{- define "plimsoll.pins" -}}
{{- $digest := default dict (default dict .Values.admission.settings.images).digest -}}
{{- if $digest.pin }}true{{ end -}}
{{- end -}}

{{/* The webhooks that `plimsoll kube admit --print-config` prints, with the names of this release:
     (list . KIND NAME). */}}
{{- define "plimsoll.webhooks" -}}
{{- $root := index . 0 }}
{{- $kind := index . 1 }}
{{- $name := index . 2 }}
{{- $admission := $root.Values.admission }}
{{- $space := $root.Release.Namespace }}
{{- $document := include "plimsoll.document" (list $root "files/admission.yaml" "ValidatingWebhookConfiguration") | fromYaml }}
{{- $there := lookup "admissionregistration.k8s.io/v1" $kind "" $name }}
{{- $bundle := $admission.caBundle }}
{{- if and $there $there.webhooks (not $bundle) }}
{{- $bundle = default "" (index $there.webhooks 0).clientConfig.caBundle }}
{{- end }}
{{- $settings := $admission.settings }}
{{- $spared := concat (default (list "kube-system") $settings.exemptNamespaces) (list $space) | uniq }}
{{- /* Nothing is kept from what would only be told. */}}
{{- $modes := list (default dict $settings.podSecurity).mode }}
{{- range $_, $check := default dict $settings.images }}
{{- if kindIs "map" $check }}{{ $modes = append $modes $check.mode }}{{ end }}
{{- end }}
{{- $ofRules := list }}
{{- range default list $settings.rules }}{{ $ofRules = append $ofRules .mode }}{{ end }}
{{- $closed := eq $settings.failure "closed" }}
{{- $objects := and $closed (has "enforce" $ofRules) }}
{{- $pods := and $closed (has "enforce" (concat $modes $ofRules)) }}
{{- $templates := and $pods (eq (default "warn" $settings.templates) "enforce") }}
{{- $failing := dict "pods" $pods "templates" $templates "objects" $objects }}
{{- $webhooks := list }}
{{- range $document.webhooks }}
{{- $of := splitList "." .name | first }}
{{- if and (or (eq $of "pods") (eq $kind "ValidatingWebhookConfiguration")) (or (ne $of "objects") $ofRules) }}
{{- $_ := set .clientConfig "caBundle" $bundle }}
{{- $_ := set .clientConfig.service "name" $name }}
{{- $_ := set .clientConfig.service "namespace" $space }}
{{- $_ := set . "namespaceSelector" (dict "matchExpressions" (list (dict "key" "kubernetes.io/metadata.name" "operator" "NotIn" "values" $spared))) }}
{{- $_ := set . "timeoutSeconds" (trimSuffix "s" $settings.timeout | int) }}
{{- $_ := set . "failurePolicy" (ternary "Fail" "Ignore" (index $failing $of)) }}
{{- if eq $kind "MutatingWebhookConfiguration" }}
{{- /* Who cannot be pinned is judged by the other question. */}}
{{- $_ := set . "name" "pin.admission.plimsoll.dev" }}
{{- $_ := set .clientConfig.service "path" "/mutate" }}
{{- $_ := set . "failurePolicy" "Ignore" }}
{{- $_ := set . "reinvocationPolicy" "IfNeeded" }}
{{- $_ := set . "rules" (list (index .rules 0)) }}
{{- end }}
{{- $webhooks = append $webhooks . }}
{{- end }}
{{- end }}
apiVersion: admissionregistration.k8s.io/v1
kind: {{ $kind }}
metadata:
  name: {{ $name }}
  {{- if $admission.certManager.enabled }}
  annotations:
    # cert-manager keeps its authority in the webhooks.
    cert-manager.io/inject-ca-from: {{ $space }}/{{ $name }}
  {{- end }}
  labels:
    {{- include "plimsoll.labels" (list $root "admission") | nindent 4 }}
webhooks:
  {{- toYaml $webhooks | nindent 2 }}
{{- end -}}
