{{- /* What the two Deployments share: dict "root" $ "suffix" "" "component" "apps" "image" {...} "container" name
       "args" [...] "env" yaml. */ -}}
{{- define "kubeblocks.deployment" -}}
{{- $root := .root -}}
{{- with $root.Values -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "kubeblocks.fullname" $root }}{{ $.suffix }}
  labels:
    {{- include "kubeblocks.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ $.component }}
spec:
  replicas: {{ .replicaCount }}
  selector:
    matchLabels:
      {{- include "kubeblocks.selectorLabels" $root | nindent 6 }}
  strategy:
    {{- toYaml .updateStrategy | nindent 4 }}
  template:
    metadata:
      labels:
        {{- include "kubeblocks.selectorLabels" $root | nindent 8 }}
      {{- with .podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ include "kubeblocks.serviceAccountName" $root }}
      {{- with .priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- with $.image.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- toYaml .podSecurityContext | nindent 8 }}
      hostNetwork: {{ .hostNetwork }}
      dnsPolicy: {{ .dnsPolicy }}
      terminationGracePeriodSeconds: 10
      initContainers:
        # Only so that the nodes have the image when a Job needs it.
        - name: tools
          image: {{ include "kubeblocks.toolsImage" $root | quote }}
          imagePullPolicy: {{ .image.pullPolicy }}
          command: [/bin/true]
      containers:
        - name: {{ $.container }}
          image: {{ include "kubeblocks.image" (dict "root" $root "image" $.image) | quote }}
          imagePullPolicy: {{ $.image.pullPolicy }}
          args:
            - --health-probe-bind-address=:8081
            - --metrics-bind-address=:8080
            - --leader-elect
            - --zap-devel={{ .loggerSettings.developmentMode }}
            - --zap-time-encoding={{ .loggerSettings.timeEncoding }}
            {{- with .loggerSettings.level }}
            - --zap-log-level={{ . }}
            {{- end }}
            {{- with .loggerSettings.encoder }}
            - --zap-encoder={{ . }}
            {{- end }}
            {{- range $.args }}
            - {{ . }}
            {{- end }}
          env:
            {{- include "kubeblocks.environment" $root | nindent 12 }}
            {{- $.env | nindent 12 }}
          ports:
            - {name: webhook-server, containerPort: 9443}
            - {name: health, containerPort: 8081}
            - {name: metrics, containerPort: 8080}
          livenessProbe:
            httpGet: {path: /healthz, port: health}
            initialDelaySeconds: 15
            periodSeconds: 20
          readinessProbe:
            httpGet: {path: /readyz, port: health}
            initialDelaySeconds: 5
            periodSeconds: 10
          resources:
            {{- toYaml .resources | nindent 12 }}
          securityContext:
            {{- toYaml .securityContext | nindent 12 }}
          volumeMounts:
            - {name: manager-config, mountPath: /etc/kubeblocks}
      volumes:
        - name: manager-config
          configMap:
            name: {{ include "kubeblocks.fullname" $root }}-manager-config
      {{- include "kubeblocks.scheduling" $root | nindent 6 }}
{{- end -}}
{{- end -}}

{{- /* Environment of both managers. */ -}}
{{- define "kubeblocks.environment" -}}
- name: CM_NAMESPACE
  value: {{ .Release.Namespace }}
{{- with .Values.affinity }}
- name: CM_AFFINITY
  value: {{ toJson . | quote }}
{{- end }}
{{- with .Values.nodeSelector }}
- name: CM_NODE_SELECTOR
  value: {{ toJson . | quote }}
{{- end }}
{{- with .Values.tolerations }}
- name: CM_TOLERATIONS
  value: {{ toJson . | quote }}
{{- end }}
{{- with .Values.client.qps }}
- name: CLIENT_QPS
  value: {{ . | quote }}
{{- end }}
{{- with .Values.client.burst }}
- name: CLIENT_BURST
  value: {{ . | quote }}
{{- end }}
- name: KUBEBLOCKS_TOOLS_IMAGE
  value: {{ include "kubeblocks.toolsImage" . }}
- name: KUBEBLOCKS_SERVICEACCOUNT_NAME
  value: {{ include "kubeblocks.serviceAccountName" . }}
{{- if .Capabilities.APIVersions.Has "snapshot.storage.k8s.io/v1" }}
- name: VOLUMESNAPSHOT_API_BETA
  value: "false"
{{- else if .Capabilities.APIVersions.Has "snapshot.storage.k8s.io/v1beta1" }}
- name: VOLUMESNAPSHOT_API_BETA
  value: "true"
{{- end }}
- name: DP_ENCRYPTION_KEY
  valueFrom:
    secretKeyRef:
      name: {{ include "kubeblocks.fullname" . }}-secret
      key: dataProtectionEncryptionKey
{{- end -}}
