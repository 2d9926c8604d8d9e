package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	remotecommandconsts "k8s.io/apimachinery/pkg/util/remotecommand"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/klog/v2"
	streaming "k8s.io/kubelet/pkg/cri/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

// This file is the port of the simulated nodes on which the API server asks for commands in
// containers. The streams are those of a real kubelet; what a command does is in commands.go.

const (
	// execIdle and execStreams are the kubelet's own limits.
	execIdle    = 4 * time.Hour
	execStreams = 30 * time.Second
)

// kubelet serves all simulated nodes.
type kubelet struct {
	listener net.Listener
	port     int32
}

// listenKubelet opens the port, so that nodes can be made that name it.
func listenKubelet() (*kubelet, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the nodes: %w", err)
	}
	return &kubelet{listener: listener, port: int32(listener.Addr().(*net.TCPAddr).Port)}, nil
}

// serve answers until the context ends.
func (k *kubelet) serve(ctx context.Context, credentials *credentials, clients *clients) {
	routes := http.NewServeMux()
	containers := &containers{clients: clients}
	routes.Handle("/exec/{namespace}/{pod}/{container}", containers)
	routes.Handle("/exec/{namespace}/{pod}/{uid}/{container}", containers)
	server := &http.Server{Handler: routes, ReadHeaderTimeout: execStreams}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	go func() {
		err := server.ServeTLS(k.listener, credentials.serving.certificate, credentials.serving.key)
		if !errors.Is(err, http.ErrServerClosed) && ctx.Err() == nil {
			klog.ErrorS(err, "the port of the nodes is closed")
		}
	}()
}

// containers runs commands in the containers of pods.
type containers struct {
	clients *clients
	lorries lorries
}

func (c *containers) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	pod, err := c.clients.typed.CoreV1().Pods(request.PathValue("namespace")).Get(request.Context(), request.PathValue("pod"), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		http.Error(response, "pod does not exist", http.StatusNotFound)
		return
	}
	if err != nil {
		http.Error(response, err.Error(), http.StatusInternalServerError)
		return
	}
	name := request.PathValue("container")
	container := runningContainer(pod, name)
	if container == nil {
		http.Error(response, fmt.Sprintf("container not found (%q)", name), http.StatusInternalServerError)
		return
	}
	streams, err := streaming.NewOptions(request)
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	run := &command{containers: c, pod: pod, container: container}
	streaming.ServeExec(response, request, run, pod.Name, pod.UID, name, request.URL.Query()["command"], streams,
		execIdle, execStreams, remotecommandconsts.SupportedStreamingProtocols)
}

func runningContainer(pod *corev1.Pod, name string) *corev1.Container {
	for _, status := range pod.Status.ContainerStatuses {
		if status.Name == name && status.State.Running == nil {
			return nil
		}
	}
	for index := range pod.Spec.Containers {
		if pod.Spec.Containers[index].Name == name && pod.Status.Phase == corev1.PodRunning {
			return &pod.Spec.Containers[index]
		}
	}
	return nil
}

// command is one command in one container.
type command struct {
	containers *containers
	pod        *corev1.Pod
	container  *corev1.Container
}

// ExecInContainer runs the command, for the streaming server. A container of the playground has two programs: cat, and
// a curl that reaches what listens in the pod. In particular it has no shell.
func (c *command) ExecInContainer(ctx context.Context, _ string, _ types.UID, _ string, argv []string, in io.Reader, out, errs io.WriteCloser, _ bool, _ <-chan remotecommand.TerminalSize, _ time.Duration) error {
	if in == nil {
		in = strings.NewReader("")
	}
	if errs == nil {
		errs = discard{}
	}
	code, text := 127, ""
	switch {
	case len(argv) > 0 && argv[0] == "cat":
		_, err := io.Copy(out, in)
		return err
	case len(argv) > 0 && argv[0] == "curl":
		code, text = c.curl(ctx, argv, in, out)
	default:
		text = fmt.Sprintf("exec: %q: executable file not found in $PATH", strings.Join(argv, " "))
	}
	if code == 0 {
		return nil
	}
	_, _ = fmt.Fprintln(errs, text)
	return utilexec.CodeExitError{Err: errors.New(text), Code: code}
}

// discard is an output that nobody reads.
type discard struct{}

func (discard) Write(content []byte) (int, error) { return len(content), nil }
func (discard) Close() error                      { return nil }
