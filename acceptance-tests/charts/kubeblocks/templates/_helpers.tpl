{{- /* Names, labels and images that the templates share. */ -}}

{{- define "kubeblocks.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- /* The release's name where it says what is installed, or else both. */ -}}
{{- define "kubeblocks.fullname" -}}
{{- $name := include "kubeblocks.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{ .Values.fullnameOverride | default $full | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "kubeblocks.selectorLabels" -}}
app.kubernetes.io/name: {{ include "kubeblocks.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "kubeblocks.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "kubeblocks.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "kubeblocks.serviceAccountName" -}}
{{- $default := ternary (include "kubeblocks.fullname" .) "default" .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default $default }}
{{- end -}}

{{- define "kubeblocks.addonInstallerName" -}}
{{ include "kubeblocks.serviceAccountName" . }}-addon-installer
{{- end -}}

{{- /* An image: dict "root" $ "image" {registry, repository, tag}. */ -}}
{{- define "kubeblocks.image" -}}
{{- $registry := .image.registry | default .root.Values.image.registry | default "docker.io" -}}
{{ $registry }}/{{ .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end -}}

{{- define "kubeblocks.toolsImage" -}}
{{- $image := dict "repository" .Values.image.tools.repository "tag" .Values.image.tag -}}
{{ include "kubeblocks.image" (dict "root" . "image" $image) }}
{{- end -}}

{{- /* The cloud, by the version of Kubernetes or else by the value. */ -}}
{{- define "kubeblocks.cloudProvider" -}}
{{- $version := .Capabilities.KubeVersion.GitVersion -}}
{{- $known := dict "-eks" "aws" "-gke" "gcp" "-aliyun" "aliyun" "-tke" "tencentCloud" "-aks" "azure" -}}
{{- $found := "" -}}
{{- range $mark, $cloud := $known -}}
  {{- if contains $mark $version }}{{ $found = $cloud }}{{ end -}}
{{- end -}}
{{- if not $found -}}
  {{- if not (has .Values.provider .Values.validProviders) -}}
    {{- fail (printf "provider %q is unknown, use one of: %s" .Values.provider (join ", " .Values.validProviders | trimSuffix ", ")) -}}
  {{- end -}}
  {{- $found = .Values.provider -}}
{{- end -}}
{{ $found }}
{{- end -}}

{{- define "kubeblocks.defaultStorageClass" -}}
{{- $generated := ternary "kb-default-sc" "" (ne (include "kubeblocks.cloudProvider" .) "") -}}
{{ .Values.storageClass.name | default $generated }}
{{- end -}}

{{- /* Where a pod runs, for a pod's spec. */ -}}
{{- define "kubeblocks.scheduling" -}}
{{- with .Values.topologySpreadConstraints }}
topologySpreadConstraints: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
