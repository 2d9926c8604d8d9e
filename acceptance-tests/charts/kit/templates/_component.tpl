{{- /* One component definition: dict "root" $ "definition" {...} "component" {...}. */ -}}
{{- define "kit.component" -}}
{{- with .component -}}
name: {{ .name }}
workloadType: {{ .workload }}
{{- with .character }}
characterType: {{ . }}
{{- end }}
{{- if eq .workload "Consensus" }}
consensusSpec:
  leader: {name: leader, accessMode: ReadWrite}
  followers:
    - {name: follower, accessMode: Readonly}
  updateStrategy: Serial
{{- end }}
{{- if .roleProbe }}
probes:
  roleProbe: {failureThreshold: 3, periodSeconds: 2, timeoutSeconds: 1}
{{- end }}
{{- with .serviceRefs }}
serviceRefDeclarations:
  {{- range . }}
  - name: {{ .name }}
    serviceRefDeclarationSpecs:
      - {serviceKind: {{ .kind }}, serviceVersion: {{ .version | quote }}}
  {{- end }}
{{- end }}
{{- with .logs }}
logConfigs:
  {{- range . }}
  - {name: {{ . }}, filePathPattern: "/var/log/{{ $.component.name }}/{{ . }}*.log"}
  {{- end }}
{{- end }}
{{- with .configs }}
configSpecs:
  {{- range . }}
  - name: {{ .name }}
    templateRef: {{ include "kit.templateName" (dict "definition" $.definition "config" .) }}
    {{- if .constrained }}
    constraintRef: {{ include "kit.constraintName" (dict "definition" $.definition "config" .) }}
    {{- end }}
    namespace: {{ $.root.Release.Namespace }}
    volumeName: {{ .name }}
  {{- end }}
{{- end }}
{{- with .ports }}
service:
  ports:
    {{- range . }}
    - {name: {{ .name }}, port: {{ .port }}, targetPort: {{ include "kit.targetPort" . }}}
    {{- end }}
{{- end }}
{{- if .clonesData }}
horizontalScalePolicy:
  type: CloneVolume
  backupPolicyTemplateName: {{ $.definition.name }}-backup-policy-template
{{- end }}
{{- with .claims }}
volumeTypes:
  {{- range . }}
  - {name: {{ . }}, type: {{ ternary "log" "data" (contains "log" .) }}}
  {{- end }}
{{- end }}
{{- $tag := $.root.Chart.AppVersion }}
{{- $image := include "kit.image" (dict "component" . "tag" $tag) }}
{{- if .switchover }}
switchoverSpec:
  withCandidate:
    cmdExecutorConfig: {image: "{{ $image }}", command: [switchover]}
  withoutCandidate:
    cmdExecutorConfig: {image: "{{ $image }}", command: [switchover]}
{{- end }}
podSpec:
  containers:
    - name: {{ .name }}
      image: {{ $image }}
      {{- with .ports }}
      ports:
        {{- range . }}
        - {containerPort: {{ .port }}{{ if le (len .name) 15 }}, name: {{ .name }}{{ end }}}
        {{- end }}
      {{- end }}
      {{- if or .claims .scratch .configs }}
      volumeMounts:
        {{- range concat (.claims | default list) (.scratch | default list) }}
        - {name: {{ . }}, mountPath: /var/lib/{{ $.component.name }}/{{ . }}}
        {{- end }}
        {{- range .configs }}
        - {name: {{ .name }}, mountPath: /etc/{{ $.component.name }}/{{ .name }}}
        {{- end }}
      {{- end }}
  {{- with .scratch }}
  volumes:
    {{- range . }}
    - {name: {{ . }}, emptyDir: {}}
    {{- end }}
  {{- end }}
{{- with .accounts }}
systemAccounts:
  cmdExecutorConfig: {image: "{{ $image }}", command: [client]}
  passwordConfig: {length: 10, numDigits: 5, numSymbols: 0, letterCase: MixedCases}
  accounts:
    {{- range . }}
    - name: {{ . }}
      provisionPolicy:
        type: CreateByStmt
        scope: AnyPods
        statements:
          creation: CREATE USER $(USERNAME) IDENTIFIED BY '$(PASSWD)'
          update: ALTER USER $(USERNAME) IDENTIFIED BY '$(PASSWD)'
    {{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* A container's port has a name of at most 15 characters; a longer one is told by its number. */ -}}
{{- define "kit.targetPort" -}}
{{- if le (len .name) 15 }}{{ .name }}{{ else }}{{ .port }}{{ end -}}
{{- end -}}
