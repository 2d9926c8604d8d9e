{{- /* Everything of the engines that values.yaml describes under "definitions". */ -}}
{{- define "kit.engines" -}}
{{- range $definition := .Values.definitions }}
{{- include "kit.definition" (dict "root" $ "definition" $definition) }}
{{- range $version := $definition.versions }}
{{- include "kit.version" (dict "root" $ "definition" $definition "version" $version) }}
{{- end }}
{{- include "kit.templates" (dict "root" $ "definition" $definition) }}
{{- with $definition.backup }}
{{- include "kit.backup" (dict "root" $ "definition" $definition "backup" .) }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* Image of a component: nothing runs in the playground's pods, so the name only has to differ by version. */ -}}
{{- define "kit.image" -}}
docker.io/playground/{{ .component.name }}:{{ .tag }}
{{- end -}}

{{- /* The labels of what belongs to one definition. */ -}}
{{- define "kit.definitionLabels" -}}
clusterdefinition.kubeblocks.io/name: {{ .definition.name }}
{{ include "kit.labels" .root }}
{{- end -}}

{{- define "kit.definition" }}
---
apiVersion: apps.kubeblocks.io/v1alpha1
kind: ClusterDefinition
metadata:
  name: {{ .definition.name }}
  labels:
    {{- include "kit.labels" .root | nindent 4 }}
spec:
  type: {{ .definition.type | default .definition.name }}
  {{- with .definition.credential }}
  connectionCredential:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  componentDefs:
    {{- range $component := .definition.components }}
    -
      {{- include "kit.component" (dict "root" $.root "definition" $.definition "component" $component) | nindent 6 }}
    {{- end }}
{{- end -}}

{{- define "kit.version" }}
---
apiVersion: apps.kubeblocks.io/v1alpha1
kind: ClusterVersion
metadata:
  name: {{ .version.name }}
  labels:
    {{- include "kit.definitionLabels" . | nindent 4 }}
  {{- if .version.default }}
  annotations:
    kubeblocks.io/is-default-cluster-version: "true"
  {{- end }}
spec:
  clusterDefinitionRef: {{ .definition.name }}
  componentVersions:
    {{- range $component := .definition.components }}
    - componentDefRef: {{ $component.name }}
      versionsContext:
        containers:
          - name: {{ $component.name }}
            image: {{ include "kit.image" (dict "component" $component "tag" $.version.tag) }}
    {{- end }}
{{- end -}}
