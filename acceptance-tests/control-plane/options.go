package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// options are the command line, checked.
type options struct {
	// Directory holds etcd's data, certificates, keys and the kubeconfig. It is removed at the end.
	Directory string
	// Nodes is how many nodes KWOK plays.
	Nodes int
	// NodeCPU, NodeMemory and NodePods are the capacity of each node.
	NodeCPU    resource.Quantity
	NodeMemory resource.Quantity
	NodePods   resource.Quantity
	// Users are names, each with its groups, that get a bearer token and no rights.
	Users []user
	// TokenWebhook is the path of a kubeconfig of a token review webhook, or empty.
	TokenWebhook string
	// StorageClasses makes the classes of the playground; a managed cluster gets its own from its cloud.
	StorageClasses bool
	// LoadBalancers gives Services of type LoadBalancer an address.
	LoadBalancers bool
	// VersionSuffix is appended to the server's version, as managed offerings do ("-eks-1a2b3c4").
	VersionSuffix string
	// APIServerFlags are passed to kube-apiserver after our own.
	APIServerFlags []string
	// FollowStandardInput ends the process when standard input closes.
	FollowStandardInput bool
}

// longestSocketPath is what the strictest of the systems that we run on takes.
const longestSocketPath = 103

// user is someone who may log in by token.
type user struct {
	name   string
	groups []string
}

func parseOptions(arguments []string) (*options, error) {
	var parsed options
	var nodeCPU, nodeMemory, nodePods string
	flags := flag.NewFlagSet("control-plane", flag.ContinueOnError)
	flags.StringVar(&parsed.Directory, "dir", "", "directory for all data; made if missing and removed at the end (required)")
	flags.IntVar(&parsed.Nodes, "nodes", 3, "number of simulated nodes")
	flags.StringVar(&nodeCPU, "node-cpu", "16", "CPU of each node")
	flags.StringVar(&nodeMemory, "node-memory", "64Gi", "memory of each node")
	flags.StringVar(&nodePods, "node-pods", "250", "pods that each node takes")
	flags.StringVar(&parsed.TokenWebhook, "token-webhook", "", "kubeconfig of a webhook that reviews bearer tokens")
	flags.StringVar(&parsed.VersionSuffix, "version-suffix", "", "suffix of the reported server version, for example -eks-1a2b3c4")
	flags.BoolVar(&parsed.StorageClasses, "storage-classes", true, "make the storage classes \"standard\" and \"fixed\"")
	flags.BoolVar(&parsed.LoadBalancers, "load-balancers", false, "give Services of type LoadBalancer an address")
	flags.BoolVar(&parsed.FollowStandardInput, "follow-stdin", false, "end when standard input closes")
	flags.Func("user", "NAME[:GROUP,...] that gets a bearer token and no rights; repeatable", func(value string) error {
		name, groups, _ := strings.Cut(value, ":")
		if name == "" || strings.ContainsAny(value, "\"\n") {
			return fmt.Errorf("%q is not NAME[:GROUP,...]", value)
		}
		added := user{name: name}
		if groups != "" {
			added.groups = strings.Split(groups, ",")
		}
		parsed.Users = append(parsed.Users, added)
		return nil
	})
	flags.Func("apiserver-flag", "a further flag for kube-apiserver, for example --audit-log-path=/tmp/audit; repeatable", func(value string) error {
		parsed.APIServerFlags = append(parsed.APIServerFlags, value)
		return nil
	})
	if err := flags.Parse(arguments); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("control-plane takes flags only, got %q", flags.Args())
	}
	return &parsed, parsed.complete(nodeCPU, nodeMemory, nodePods)
}

// complete checks what the flag package cannot, and turns words into values.
func (o *options) complete(nodeCPU, nodeMemory, nodePods string) error {
	if o.Directory == "" {
		return fmt.Errorf("--dir is required")
	}
	directory, err := filepath.Abs(o.Directory)
	if err != nil {
		return fmt.Errorf("--dir: %w", err)
	}
	// Everything in it is deleted at the end, so it must be ours from the beginning.
	if entries, err := os.ReadDir(directory); err == nil && len(entries) > 0 {
		return fmt.Errorf("--dir: %s is not empty", directory)
	}
	// Beyond this the kernel refuses a socket with "invalid argument", which tells nobody what to do.
	if length := len(filepath.Join(directory, peerSocket)); length > longestSocketPath {
		return fmt.Errorf("--dir: %s is too long: sockets in it would have paths of %d bytes, at most %d are possible",
			directory, length, longestSocketPath)
	}
	o.Directory = directory
	if o.Nodes < 0 {
		return fmt.Errorf("--nodes: must not be negative")
	}
	for _, capacity := range []struct {
		flag, value string
		target      *resource.Quantity
	}{
		{"--node-cpu", nodeCPU, &o.NodeCPU},
		{"--node-memory", nodeMemory, &o.NodeMemory},
		{"--node-pods", nodePods, &o.NodePods},
	} {
		quantity, err := resource.ParseQuantity(capacity.value)
		if err != nil {
			return fmt.Errorf("%s: %q: %w", capacity.flag, capacity.value, err)
		}
		*capacity.target = quantity
	}
	return nil
}
