package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/wait"
	cliflag "k8s.io/component-base/cli/flag"
	"k8s.io/component-base/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	apiserveroptions "k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// serviceNetwork and podNetwork never carry a packet; they only have to be valid and apart.
const (
	serviceNetwork = "10.96.0.0/16"
	podNetwork     = "10.244.0.0/16"
)

// firstServiceIP is the cluster IP of the service "kubernetes".
var firstServiceIP = net.IPv4(10, 96, 0, 1)

// readyTimeout bounds every step of the start; a quiet machine needs a tenth of it.
const readyTimeout = 120 * time.Second

// apiServer is a running kube-apiserver.
type apiServer struct {
	endpoint string
	port     int
	stopped  chan struct{}
}

// startAPIServer runs kube-apiserver on a free port. The listener is opened here, so that no other
// process can take the port between choosing and using it.
func startAPIServer(ctx context.Context, options *options, credentials *credentials, etcd string, failures chan<- error) (*apiServer, error) {
	if options.VersionSuffix != "" {
		if err := version.SetDynamicVersion(version.Get().GitVersion + options.VersionSuffix); err != nil {
			return nil, fmt.Errorf("--version-suffix: %w", err)
		}
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the API: %w", err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	endpoint := fmt.Sprintf("https://127.0.0.1:%d", port)

	server := apiserveroptions.NewServerRunOptions()
	server.SecureServing.Listener = listener
	server.SecureServing.BindPort = port
	arguments := []string{
		"--etcd-servers=" + etcd,
		"--tls-cert-file=" + credentials.serving.certificate,
		"--tls-private-key-file=" + credentials.serving.key,
		"--client-ca-file=" + credentials.authority.path,
		"--token-auth-file=" + credentials.tokenFile,
		"--authorization-mode=Node,RBAC",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + credentials.serviceAccount,
		"--service-account-signing-key-file=" + credentials.serviceAccount,
		"--service-cluster-ip-range=" + serviceNetwork,
		"--allow-privileged=true",
		// The address that would be published is a loopback one, which Endpoints refuse.
		"--endpoint-reconciler-type=none",
		"--advertise-address=127.0.0.1",
		"--profiling=false",
		// Simulated nodes have a port of ours on this machine.
		"--kubelet-preferred-address-types=ExternalIP,InternalIP",
	}
	if options.TokenWebhook != "" {
		server.Authentication.TokenSuccessCacheTTL = 0
		arguments = append(arguments,
			"--authentication-token-webhook-config-file="+options.TokenWebhook,
			"--authentication-token-webhook-version=v1",
			// Tests of expiry must see each review.
			"--authentication-token-webhook-cache-ttl=0s",
		)
	}
	arguments = append(arguments, options.APIServerFlags...)
	if err := parseFlags(server.Flags(), arguments); err != nil {
		return nil, fmt.Errorf("flags of kube-apiserver: %w", err)
	}
	if err := server.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return nil, fmt.Errorf("feature gates: %w", err)
	}
	completed, err := server.Complete(ctx)
	if err != nil {
		return nil, fmt.Errorf("complete the options of kube-apiserver: %w", err)
	}
	if problems := completed.Validate(); len(problems) > 0 {
		return nil, fmt.Errorf("options of kube-apiserver: %w", errors.Join(problems...))
	}

	started := &apiServer{endpoint: endpoint, port: port, stopped: make(chan struct{})}
	go func() {
		defer close(started.stopped)
		if err := apiserver.Run(ctx, completed); err != nil && ctx.Err() == nil {
			failures <- fmt.Errorf("kube-apiserver: %w", err)
		}
	}()
	return started, nil
}

// waitReady returns once /readyz answers "ok", which includes the default roles.
func (s *apiServer) waitReady(ctx context.Context, clients *clients, failures <-chan error) error {
	return waitUntil(ctx, "kube-apiserver is ready", failures, func(ctx context.Context) (bool, error) {
		_, err := clients.typed.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return err == nil, err
	})
}

// waitStopped returns when the server has ended, or when the grace time is over.
func (s *apiServer) waitStopped(grace time.Duration) {
	select {
	case <-s.stopped:
	case <-time.After(grace):
	}
}

// parseFlags gives a component the flags that its own command line would.
func parseFlags(sets cliflag.NamedFlagSets, arguments []string) error {
	flags := pflag.NewFlagSet("component", pflag.ContinueOnError)
	for _, set := range sets.FlagSets {
		flags.AddFlagSet(set)
	}
	return flags.Parse(arguments)
}

// waitUntil asks until the answer is yes, a component fails, or time is up; the last error of the
// check is part of what is reported.
func waitUntil(ctx context.Context, what string, failures <-chan error, check func(context.Context) (bool, error)) error {
	const interval = 50 * time.Millisecond
	var last error
	err := wait.PollUntilContextTimeout(ctx, interval, readyTimeout, true, func(ctx context.Context) (bool, error) {
		select {
		case failure := <-failures:
			return false, failure
		default:
		}
		done, err := check(ctx)
		last = err
		return done, nil
	})
	if err == nil || ctx.Err() != nil || !wait.Interrupted(err) {
		return err
	}
	return fmt.Errorf("waited %s until %s: %w", readyTimeout, what, errors.Join(err, last))
}
