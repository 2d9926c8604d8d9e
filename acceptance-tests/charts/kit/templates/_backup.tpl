{{- /* A policy for one component, and what each method runs. A snapshot of volumes runs nothing. */ -}}
{{- define "kit.backup" -}}
{{- $roles := dict "Consensus" "leader" "Replication" "primary" }}
{{- $tag := .root.Chart.AppVersion }}
{{- $found := dict }}
{{- range .definition.components }}
{{- if eq .name $.backup.component }}{{ $found = . }}{{ end }}
{{- end }}
{{- $volume := first $found.claims }}
{{- range $method := .backup.methods }}
{{- if ne $method "volume-snapshot" }}
---
apiVersion: dataprotection.kubeblocks.io/v1alpha1
kind: ActionSet
metadata:
  name: {{ $.definition.name }}-{{ $method }}
  labels:
    {{- include "kit.definitionLabels" $ | nindent 4 }}
spec:
  backupType: Full
  backup:
    backupData:
      image: {{ include "kit.image" (dict "component" $found "tag" $tag) }}
      command: [sh, -c, "tar -cf - /var/lib/{{ $found.name }} | datasafed push - /backup.tar"]
      runOnTargetPodNode: true
      syncProgress: {enabled: true, intervalSeconds: 5}
  restore:
    prepareData:
      image: {{ include "kit.image" (dict "component" $found "tag" $tag) }}
      command: [sh, -c, "datasafed pull /backup.tar - | tar -xf - -C /"]
{{- end }}
{{- end }}
---
apiVersion: apps.kubeblocks.io/v1alpha1
kind: BackupPolicyTemplate
metadata:
  name: {{ .definition.name }}-backup-policy-template
  labels:
    {{- include "kit.definitionLabels" . | nindent 4 }}
spec:
  clusterDefinitionRef: {{ .definition.name }}
  backupPolicies:
    - componentDefRef: {{ $found.name }}
      {{- with get $roles $found.workload }}
      target: {role: {{ . }}}
      {{- end }}
      backupMethods:
        {{- range $method := .backup.methods }}
        - name: {{ $method }}
          {{- if eq $method "volume-snapshot" }}
          snapshotVolumes: true
          targetVolumes:
            volumes: [{{ $volume }}]
          {{- else }}
          snapshotVolumes: false
          actionSetName: {{ $.definition.name }}-{{ $method }}
          targetVolumes:
            volumeMounts:
              - {name: {{ $volume }}, mountPath: /var/lib/{{ $found.name }}/{{ $volume }}}
          {{- end }}
        {{- end }}
      schedules:
        {{- range $method := .backup.methods }}
        - {backupMethod: {{ $method }}, enabled: false, cronExpression: "0 18 * * *", retentionPeriod: 7d}
        {{- end }}
{{- end -}}
