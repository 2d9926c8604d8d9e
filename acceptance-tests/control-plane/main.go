// Command control-plane runs a whole Kubernetes control plane in one process: etcd,
// kube-apiserver, kube-controller-manager, kube-scheduler, and KWOK, which plays nodes and pods.
//
// It is what the demo and the end-to-end tests run against. It listens on 127.0.0.1 only, prints
// one line of JSON on standard output once it can be used, and ends, with its data, on SIGTERM,
// on SIGINT, or when its standard input closes. It must not outlive whoever started it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"k8s.io/klog/v2"
)

func main() {
	options, err := parseOptions(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}

	claim, err := claimDirectory(options.Directory)
	if err != nil {
		fmt.Fprintln(os.Stderr, "control-plane:", err)
		os.Exit(1)
	}
	err = run(endOfLife(options.FollowStandardInput), options)
	if removal := os.RemoveAll(options.Directory); removal != nil {
		klog.ErrorS(removal, "failed to remove the data directory", "directory", options.Directory)
	}
	// Whoever gets the lock next finds the data gone.
	runtime.KeepAlive(claim)
	klog.Flush()
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "control-plane:", err)
		os.Exit(1)
	}
}

// endOfLife gives a context that ends on the first signal, or when standard input closes: the
// kernel closes it even if the process that started us was killed.
func endOfLife(followStandardInput bool) context.Context {
	ctx, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	if !followStandardInput {
		return ctx
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return ctx
}

// run starts every part in the order in which they need each other, announces readiness, and
// then waits until the context ends or a part fails.
func run(ctx context.Context, options *options) error {
	started := time.Now()
	credentials, err := newCredentials(options)
	if err != nil {
		return err
	}
	manager, err := prepareControllerManager(credentials)
	if err != nil {
		return err
	}
	store, err := startEtcd(ctx, options.Directory)
	if err != nil {
		return err
	}
	defer store.Close()

	failures := make(chan error, 4)
	server, err := startAPIServer(ctx, options, credentials, store.endpoint, failures)
	if err != nil {
		return err
	}
	if err := credentials.writeKubeconfig(server.endpoint); err != nil {
		return err
	}
	clients, err := newClients(credentials.kubeconfigPath)
	if err != nil {
		return err
	}
	if err := server.waitReady(ctx, clients, failures); err != nil {
		return err
	}
	if err := manager.start(ctx, failures); err != nil {
		return err
	}
	if err := startScheduler(ctx, credentials, failures); err != nil {
		return err
	}
	if err := startNodes(ctx, credentials.kubeconfigPath); err != nil {
		return err
	}
	kubelet, err := listenKubelet()
	if err != nil {
		return err
	}
	kubelet.serve(ctx, credentials, clients)
	if err := createNodes(ctx, clients, options, kubelet.port); err != nil {
		return err
	}
	if options.StorageClasses {
		if err := createStorageClasses(ctx, clients); err != nil {
			return err
		}
	}
	startVolumes(ctx, clients)
	if options.LoadBalancers {
		startLoadBalancers(ctx, clients)
	}
	if err := waitUsable(ctx, clients, options, failures); err != nil {
		return err
	}

	announcement := readyLine{
		Endpoint:         server.endpoint,
		Kubeconfig:       credentials.kubeconfigPath,
		CACertificate:    credentials.authority.path,
		ClientCA:         credentials.authority.path,
		ClientCAKey:      credentials.authority.keyPath,
		AdminCertificate: credentials.admin.certificate,
		AdminKey:         credentials.admin.key,
		Port:             server.port,
		AdminToken:       credentials.adminToken,
		Tokens:           credentials.userTokens,
		Nodes:            options.Nodes,
		StartSeconds:     time.Since(started).Seconds(),
	}
	if err := json.NewEncoder(os.Stdout).Encode(announcement); err != nil {
		return fmt.Errorf("announce readiness: %w", err)
	}

	select {
	case <-ctx.Done():
		server.waitStopped(stopGrace)
		return ctx.Err()
	case err := <-failures:
		return err
	}
}

// claimDirectory makes the directory and locks a file in it until the process ends, so that
// anyone can tell data in use from data that a killed process left behind.
func claimDirectory(directory string) (*os.File, error) {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, fmt.Errorf("create the data directory: %w", err)
	}
	claim, err := os.Create(filepath.Join(directory, "claim"))
	if err != nil {
		return nil, fmt.Errorf("claim the data directory: %w", err)
	}
	if err := syscall.Flock(int(claim.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("claim the data directory: %w", err)
	}
	return claim, nil
}

// stopGrace is how long the API server may take to finish what is in flight. Nothing that it
// could still write is kept, so this only spares clients a broken connection.
const stopGrace = 500 * time.Millisecond

// readyLine is the one line on standard output.
type readyLine struct {
	Endpoint      string `json:"endpoint"`
	Kubeconfig    string `json:"kubeconfig"`
	CACertificate string `json:"ca_certificate"`
	// ClientCA and its key sign client certificates that the API server accepts.
	ClientCA    string `json:"client_ca"`
	ClientCAKey string `json:"client_ca_key"`
	// AdminCertificate and AdminKey are the administrator's client certificate.
	AdminCertificate string            `json:"admin_certificate"`
	AdminKey         string            `json:"admin_key"`
	Port             int               `json:"port"`
	AdminToken       string            `json:"admin_token"`
	Tokens           map[string]string `json:"tokens"`
	Nodes            int               `json:"nodes"`
	StartSeconds     float64           `json:"start_seconds"`
}
