{{- /* Named after the engine, since all engines share one namespace. */ -}}
{{- define "kit.templateName" -}}
{{- if hasPrefix .definition.name .config.name }}{{ .config.name }}{{ else }}{{ .definition.name }}-{{ .config.name }}{{ end -}}
{{- end -}}

{{- define "kit.constraintName" -}}
{{ include "kit.templateName" . }}-constraints
{{- end -}}

{{- /* Templates of the files, and what may be written into them. Components may share a file. */ -}}
{{- define "kit.templates" -}}
{{- $done := dict }}
{{- range $component := .definition.components }}
{{- range $config := $component.configs }}
{{- if not (hasKey $done $config.name) }}
{{- $_ := set $done $config.name true }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "kit.templateName" (dict "definition" $.definition "config" $config) }}
  namespace: {{ $.root.Release.Namespace }}
  labels:
    {{- include "kit.definitionLabels" $ | nindent 4 }}
data:
  {{ $config.name }}.properties: |
    log_level=info
    worker_threads=4
    {{- range $component.ports }}
    port.{{ .name }}={{ .port }}
    {{- end }}
{{- if $config.constrained }}
---
apiVersion: apps.kubeblocks.io/v1alpha1
kind: ConfigConstraint
metadata:
  name: {{ include "kit.constraintName" (dict "definition" $.definition "config" $config) }}
  labels:
    {{- include "kit.definitionLabels" $ | nindent 4 }}
spec:
  formatterConfig:
    format: properties
  configurationSchema:
    cue: |
      #Parameters: {
        log_level?: string & "debug" | "info" | "warning" | "error"
        worker_threads?: int & >=1 & <=64
      }
      configuration: #Parameters & {}
    schema:
      type: object
      properties:
        spec:
          type: object
          properties:
            log_level: {type: string, enum: [debug, info, warning, error]}
            worker_threads: {type: integer, minimum: 1, maximum: 64}
  staticParameters: [worker_threads]
  dynamicParameters: [log_level]
  {{- with $component.ports }}
  immutableParameters:
    {{- range . }}
    - port.{{ .name }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
