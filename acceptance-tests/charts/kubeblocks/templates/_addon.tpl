{{- /* The beginning of an Addon: dict "root" $ "name" "redis" "provider" "community". */ -}}
{{- define "kubeblocks.addon" -}}
apiVersion: extensions.kubeblocks.io/v1alpha1
kind: Addon
metadata:
  name: {{ .name }}
  labels:
    {{- include "kubeblocks.labels" .root | nindent 4 }}
    kubeblocks.io/provider: {{ .provider }}
  {{- include "kubeblocks.keep" .root | nindent 2 }}
{{- end -}}

{{- /* Annotations of what stays when the release goes. */ -}}
{{- define "kubeblocks.keep" -}}
{{- if .Values.keepAddons }}
annotations:
  helm.sh/resource-policy: keep
{{- end }}
{{- end -}}

{{- /* Where an Addon's chart is: dict "root" $ "chart" "redis" "version" "" (the operator's). */ -}}
{{- define "kubeblocks.addonChart" -}}
{{- $version := .version | default .root.Values.versionOverride | default .root.Chart.Version -}}
{{- $base := .root.Values.addonChartLocationBase -}}
{{- $images := .root.Values.addonChartsImage -}}
{{- if hasPrefix "oci://" $base }}
chartLocationURL: {{ $base }}/{{ .chart }}
installOptions:
  version: {{ $version | quote }}
{{- else if hasPrefix "https://github.com/" $base }}
chartLocationURL: {{ $base }}/{{ .chart }}-{{ $version }}/{{ .chart }}-{{ $version }}.tgz
{{- else }}
chartLocationURL: {{ $base }}/{{ .chart }}-{{ $version }}.tgz
{{- end }}
chartsImage: {{ include "kubeblocks.image" (dict "root" .root "image" $images) }}
chartsPathInImage: {{ $images.chartsPath }}
{{- end -}}

{{- /* Which values of a chart an Addon's fields set, for one part of it: its path, with a dot behind, or "". */ -}}
{{- define "kubeblocks.resourcesMapping" -}}
cpu: {requests: {{ . }}resources.requests.cpu, limits: {{ . }}resources.limits.cpu}
memory: {requests: {{ . }}resources.requests.memory, limits: {{ . }}resources.limits.memory}
{{- end -}}

{{- /* The operator's own tolerations, for what belongs beside it. */ -}}
{{- define "kubeblocks.addonTolerations" -}}
{{- with .Values.tolerations }}
tolerations: {{ toJson . | quote }}
{{- end }}
{{- end -}}
