{{- /* The objects of definitions.yaml as they are, with this release's labels, and in its namespace. */ -}}
{{- define "kit.documents" -}}
{{- $labels := include "kit.labels" . | fromYaml -}}
{{- $text := .Files.Get "definitions.yaml" | replace "namespace: default" (printf "namespace: %s" .Release.Namespace) -}}
{{- range splitList "\n---\n" $text }}
---
{{- /* The split took the line's end that closes a text. */ -}}
{{- $object := fromYaml (printf "%s\n" .) }}
{{- $metadata := merge (dict "labels" (merge (dict) $labels ($object.metadata.labels | default dict))) $object.metadata }}
{{ merge (dict "metadata" $metadata) $object | toYaml }}
{{- end }}
{{- end -}}
