{{- /* A Deployment of one container: dict "root" $ "name" "server" "values" {replicaCount, image, resources,
       tolerations}. */ -}}
{{- define "kit.deployment" }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .root.Release.Name }}-{{ .name }}
  labels:
    {{- include "kit.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .name }}
spec:
  replicas: {{ .values.replicaCount | default 1 }}
  selector:
    matchLabels: {{- include "kit.selector" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "kit.selector" . | nindent 8 }}
    spec:
      {{- with .values.tolerations }}
      tolerations: {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ .name }}
          image: {{ .values.image.repository }}:{{ .values.image.tag }}
          {{- with .values.resources }}
          resources: {{- toYaml . | nindent 12 }}
          {{- end }}
{{- end -}}

{{- define "kit.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end -}}
