package main

import (
	"context"
	"fmt"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/flowcontrol"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	controllermanageroptions "k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	scheduleroptions "k8s.io/kubernetes/cmd/kube-scheduler/app/options"
)

// clients are how our own controllers reach the API.
type clients struct {
	typed   kubernetes.Interface
	dynamic dynamic.Interface
}

func newClients(kubeconfig string) (*clients, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read back the kubeconfig: %w", err)
	}
	config.UserAgent = "playground"
	config.RateLimiter = flowcontrol.NewFakeAlwaysRateLimiter()
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	untyped, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	return &clients{typed: typed, dynamic: untyped}, nil
}

// controllerManager is kube-controller-manager with its flags parsed, not running yet.
type controllerManager struct {
	options                  *controllermanageroptions.KubeControllerManagerOptions
	known, disabledByDefault []string
	aliases                  map[string]string
}

// prepareControllerManager parses the flags of kube-controller-manager. It must come before those
// of kube-apiserver: it changes defaults of feature gates, which is refused once any component
// of the process has put the gates on a command line.
func prepareControllerManager(credentials *credentials) (*controllerManager, error) {
	manager, err := controllermanageroptions.NewKubeControllerManagerOptions()
	if err != nil {
		return nil, fmt.Errorf("options of kube-controller-manager: %w", err)
	}
	prepared := &controllerManager{
		options:           manager,
		known:             controllermanager.KnownControllers(),
		disabledByDefault: controllermanager.ControllersDisabledByDefault(),
		aliases:           controllermanager.ControllerAliases(),
	}
	err = parseFlags(manager.Flags(prepared.known, prepared.disabledByDefault, prepared.aliases), []string{
		"--kubeconfig=" + credentials.kubeconfigPath,
		"--leader-elect=false",
		"--secure-port=0",
		// All but those that need a network, a cloud or metrics.
		"--controllers=*,-horizontal-pod-autoscaler-controller,-node-ipam-controller,-node-route-controller,-service-lb-controller,-cloud-node-lifecycle-controller",
		"--service-account-private-key-file=" + credentials.serviceAccount,
		"--root-ca-file=" + credentials.authority.path,
		"--cluster-signing-cert-file=" + credentials.authority.path,
		"--cluster-signing-key-file=" + credentials.authority.keyPath,
		"--kube-api-qps=1000",
		"--kube-api-burst=2000",
		"--concurrent-statefulset-syncs=20",
		"--concurrent-gc-syncs=20",
		// Leases are late on a machine busy with compiling; that must not evict a database.
		"--node-monitor-grace-period=30m",
		"--profiling=false",
	})
	if err != nil {
		return nil, fmt.Errorf("flags of kube-controller-manager: %w", err)
	}
	return prepared, nil
}

// start runs kube-controller-manager until the context ends.
func (m *controllerManager) start(ctx context.Context, failures chan<- error) error {
	config, err := m.options.Config(ctx, m.known, m.disabledByDefault, m.aliases)
	if err != nil {
		return fmt.Errorf("configure kube-controller-manager: %w", err)
	}
	go func() {
		if err := controllermanager.Run(ctx, config.Complete()); err != nil && ctx.Err() == nil {
			failures <- fmt.Errorf("kube-controller-manager: %w", err)
		}
	}()
	return nil
}

// startScheduler runs kube-scheduler with its default profile.
func startScheduler(ctx context.Context, credentials *credentials, failures chan<- error) error {
	options := scheduleroptions.NewOptions()
	err := parseFlags(*options.Flags, []string{
		"--kubeconfig=" + credentials.kubeconfigPath,
		"--leader-elect=false",
		"--secure-port=0",
		"--kube-api-qps=1000",
		"--kube-api-burst=2000",
		"--profiling=false",
	})
	if err != nil {
		return fmt.Errorf("flags of kube-scheduler: %w", err)
	}
	config, scheduling, err := scheduler.Setup(ctx, options)
	if err != nil {
		return fmt.Errorf("configure kube-scheduler: %w", err)
	}
	go func() {
		if err := scheduler.Run(ctx, config, scheduling); err != nil && ctx.Err() == nil {
			failures <- fmt.Errorf("kube-scheduler: %w", err)
		}
	}()
	return nil
}
